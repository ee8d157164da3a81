//! Server-sent events: progress and changed items, by identifier only.

use crate::door::Over;
use crate::guard::{Acting, Opened};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt, stream};
use std::convert::Infallible;
use tokio_stream::wrappers::BroadcastStream;

pub async fn events(app: Opened, _: Acting) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    // A listener that is too slow loses the oldest lines; the page reads the state itself again anyway.
    let stream = BroadcastStream::new(app.work.listen()).filter_map(|e| async move {
        let e = e.ok()?;
        let kind = e["type"].as_str().unwrap_or("progress").to_owned();
        Some(Ok(Event::default().event(kind).data(e["data"].to_string())))
    });
    // Said at once, so that the page knows it is connected before anything happens; and the last thing said is that it is over.
    let open = stream::once(async { Ok(Event::default().comment("open")) });
    let (over, why) = (app.sitting.over(), app.sitting.over());
    let last = stream::once(why)
        .filter_map(|why| async move { (why == Over::Locked).then(|| Ok(Event::default().event("locked").data("{}"))) });
    Sse::new(open.chain(stream).take_until(Box::pin(over)).chain(last)).keep_alive(KeepAlive::default())
}
