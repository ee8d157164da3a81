// Sending one file. XMLHttpRequest, because fetch cannot tell how much has left.

import { csrfToken, intakeUrl, noticeLock, Refusal, refusalFrom } from './client';
import type { AddOutcome } from './types';

/** What a person said about a batch; a question answered "unknown" is left out. */
export type Provenance = Partial<Record<'source' | 'origin' | 'recorded' | 'published' | 'collected_by' | 'legal_basis' | 'lang', string>>;

/** Sends `file` under `name`. `progress`: 0 to 1 of the bytes. One file may answer with many outcomes (an archive). Errors: `Refusal`. */
export function upload(file: File, name: string, provenance: Provenance, progress: (share: number) => void, signal: AbortSignal): Promise<AddOutcome[]> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = (): void => request.abort();
    request.open('POST', intakeUrl(name));
    request.setRequestHeader('X-Zapys-Csrf', csrfToken());
    request.setRequestHeader('X-Zapys-Provenance', encodeURIComponent(JSON.stringify(provenance)));
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.upload.onprogress = (e) => progress(e.total > 0 ? e.loaded / e.total : 1);
    request.onload = () => {
      if (request.status < 200 || request.status > 299) return reject(noticeLock(refusalFrom(request.status, request.responseText)));
      try {
        resolve((JSON.parse(request.responseText) as { results: AddOutcome[] }).results);
      } catch {
        reject(new Refusal(request.status, '', '', '', 'unreadable-answer'));
      }
    };
    request.onerror = () => reject(new Refusal(0, '', '', '', 'unreachable'));
    request.onabort = () => reject(new DOMException('stopped', 'AbortError'));
    request.onloadend = () => signal.removeEventListener('abort', stop);
    signal.addEventListener('abort', stop);
    if (signal.aborted) return reject(new DOMException('stopped', 'AbortError'));
    request.send(file);
  });
}
