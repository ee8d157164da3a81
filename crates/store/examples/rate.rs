//! How quickly the record takes in: items with object, acquisition, ledger entry, commitments and jobs, in one transaction.
//!
//! `cargo run --release -p zapys-store --example rate -- DATABASE [ITEMS [sealed]]`, where DATABASE is a path or `postgres://…`.

use std::time::Instant as Stopwatch;
use ulid::Ulid;
use zapys_domain::*;
use zapys_store::*;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let address = args.next().ok_or("usage: rate DATABASE [ITEMS [sealed]]")?;
    let n: u64 = args.next().map_or(Ok(2000), |n| n.parse())?;
    let location = Location::parse(&address)?;
    let location = if args.next().as_deref() == Some("sealed") { location.sealed([7; 32]) } else { location };
    let store = Store::create(&location).await?;
    let at = Instant::from_seconds(1_700_000_000);
    let started = Stopwatch::now();
    let mut tx = store.begin().await?;
    for i in 0..n {
        let (item, object, entry) = (ItemId::new(Ulid::from_parts(i, 1)), ObjectId::of(&i.to_be_bytes()), EntrySeq(i));
        if !tx.items_of(object).await?.is_empty() || tx.item_head(item).await?.is_some() {
            return Err("the record is not empty".into());
        }
        tx.add_object(&ObjectRow { id: object, bytes: i, media_type: "audio/wav".into(), first_seen: at }).await?;
        let details = ItemDetails { title: Some(Private::new(format!("Sample {i}.wav"))), ..ItemDetails::default() };
        tx.add_item(&NewItem {
            id: item,
            kind: ItemKind::Recording,
            media_type: "audio/wav".into(),
            format: "wav".into(),
            object,
            bytes: i,
            parent: None,
            member_path: None,
            details,
            created: at,
            entry,
        })
        .await?;
        tx.add_acquisition(&AcquisitionRow {
            id: AcquisitionId::new(Ulid::from_parts(i, 2)),
            item,
            object,
            actor: Actor::owner(),
            at,
            method: Method::Folder,
            path: Some(Private::new(format!("folder/Sample {i}.wav"))),
            provenance: Default::default(),
            entry,
        })
        .await?;
        let opening = |field: &str| Opening { seq: entry, field: field.into(), salt: *object.digest(), value: "x".into() };
        let row = EntryRow {
            seq: entry,
            item: Some(item),
            item_seq: Some(0),
            at,
            actor: Actor::owner(),
            action: Action::Imported,
            canonical: format!("{{\"seq\":{i}}}{}", " ".repeat(500)),
            leaf: *object.digest(),
            digest: *object.digest(),
        };
        tx.append(&row, &[opening("change"), opening("object"), opening("purpose")]).await?;
        let job = |k: u64, kind| NewJob {
            id: JobId::new(Ulid::from_parts(i, 3 + u128::from(k))),
            item,
            kind,
            priority: 0,
            not_before: at,
        };
        let jobs: Vec<_> = DerivativeKind::ALL[..4].iter().enumerate().map(|(k, kind)| job(k as u64, *kind)).collect();
        tx.enqueue_all(&jobs, at).await?;
    }
    tx.commit().await?;
    println!("{n} items in {:.2?}", started.elapsed());
    let started = Stopwatch::now();
    let page = store.items(&ItemFilter::default(), ItemSort::Newest, None, 50).await?;
    let facets = store.facets(&ItemFilter::default()).await?;
    println!("a page of {} and {} kinds in {:.2?}", page.items.len(), facets.kinds.len(), started.elapsed());
    let started = Stopwatch::now();
    let page = store.items(&ItemFilter::default(), ItemSort::Title, None, 50).await?;
    println!("a page of {} by title in {:.2?}", page.items.len(), started.elapsed());
    let (started, titled) = (Stopwatch::now(), ItemFilter { title: Some("SAMPLE 77".into()), ..ItemFilter::default() });
    let page = store.items(&titled, ItemSort::Newest, None, 50).await?;
    println!("a page of {} of one title in {:.2?}", page.items.len(), started.elapsed());
    Ok(())
}
