import './styles/tokens.css';
import './styles/fonts.css';
import './styles/base.css';
import { mount, unmount } from 'svelte';
import App from './App.svelte';
import { closeWith } from './lib/forget';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');
const app = mount(App, { target });
closeWith(() => void unmount(app));
