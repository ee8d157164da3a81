//! Model packs as people see them: what is installed, side-loading, digests.

use crate::Result;
use crate::settings::Settings;
use crate::view::ModelView;
use std::path::{Path, PathBuf};
use zapys_domain::Fault;
use zapys_engines::models::{self, Pack};

fn folder(settings: &Settings) -> PathBuf {
    models::packs_dir(settings.packs().as_deref())
}

fn view(pack: &Pack) -> ModelView {
    ModelView {
        name: pack.name.clone(),
        kind: serde_json::to_value(pack.kind).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default(),
        languages: pack.languages.clone(),
        licence: pack.licence.clone(),
        sha256: Some(pack.sha256()),
        installed: true,
    }
}

/// Packs that are installed.
pub fn list(settings: &Settings) -> Result<Vec<ModelView>> {
    Ok(models::list(&folder(settings))?.iter().map(view).collect())
}

/// Copies a pack from a folder, comparing every digest on the way.
pub fn import(settings: &Settings, from: &Path) -> Result<ModelView> {
    Ok(view(&models::import(from, &folder(settings))?))
}

/// Re-reads every installed pack. For each: the pack, and what is wrong with it.
pub fn verify(settings: &Settings) -> Result<Vec<(ModelView, Option<String>)>> {
    let mut all = Vec::new();
    for pack in models::list(&folder(settings))? {
        let fault = match pack.verify() {
            Ok(bad) if bad.is_empty() => None,
            Ok(bad) => Some(format!("changed or missing: {}", bad.join(", "))),
            Err(e) => Some(format!("{e}. {}", e.hint())),
        };
        all.push((view(&pack), fault));
    }
    Ok(all)
}
