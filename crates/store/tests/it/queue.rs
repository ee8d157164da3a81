//! The queue.

use crate::database::db_test;
use crate::samples::*;
use std::collections::BTreeSet;
use std::time::Duration;
use zapys_domain::*;
use zapys_store::*;

const LEASE: Duration = Duration::from_secs(60);

async fn queue(store: &Store, jobs: &[NewJob]) {
    let mut tx = store.begin().await.unwrap();
    for job in jobs {
        assert_eq!(tx.enqueue(job, at(1)).await.unwrap(), Enqueued::Ready);
    }
    tx.commit().await.unwrap();
}

db_test! {
    async fn jobs_come_in_turn_and_end(at_) {
        let store = Store::open(&at_).await.unwrap();
        with_items(&store, 3).await;
        let later = NewJob { not_before: at(100), priority: 99, ..new_job(1, 1, DerivativeKind::Probe) };
        let low = new_job(2, 2, DerivativeKind::Transcript);
        let high = NewJob { priority: 5, ..new_job(3, 3, DerivativeKind::Probe) };
        queue(&store, &[later.clone(), low.clone(), high.clone()]).await;
        assert_eq!((store.jobs_open().await.unwrap(), store.jobs_next_start().await.unwrap()), (3, Some(at(0))));

        // By priority, not before their time, and only the kinds asked for.
        let claim = async |now, kinds: &[DerivativeKind]| store.claim("w1", at(now), LEASE, kinds).await.unwrap().map(|j| j.id);
        assert_eq!(claim(10, &[DerivativeKind::Peaks, DerivativeKind::Text]).await, None);
        assert_eq!(claim(10, &[]).await, Some(high.id));
        assert_eq!(claim(10, &[DerivativeKind::Probe]).await, None);
        let got = store.claim("w1", at(10), LEASE, &[DerivativeKind::Probe, DerivativeKind::Transcript]).await.unwrap().unwrap();
        assert_eq!((got.id, got.state, got.attempts, got.lease_until), (low.id, JobState::Leased, 1, Some(at(70))));
        assert_eq!(claim(10, &[]).await, None);
        assert_eq!(claim(100, &[]).await, Some(later.id));

        // While a job is open, queueing it again changes nothing.
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.enqueue(&NewJob { id: job_id(9), ..low.clone() }, at(11)).await.unwrap(), Enqueued::AlreadyOpen);
        tx.commit().await.unwrap();
        assert_eq!(store.job(job_id(9)).await.unwrap(), None);

        // Only the holder ends a job, and only once; if that fails nothing of the transaction should be kept.
        let mut tx = store.begin().await.unwrap();
        assert!(matches!(tx.finish_job(low.id, "w2", at(12)).await, Err(StoreError::LeaseLost(id)) if id == low.id));
        drop(tx);
        let mut tx = store.begin().await.unwrap();
        tx.finish_job(low.id, "w1", at(12)).await.unwrap();
        assert!(matches!(tx.finish_job(low.id, "w1", at(12)).await, Err(StoreError::LeaseLost(_))));
        tx.fail_job(high.id, "w1", &failure(), at(12)).await.unwrap();
        tx.retry_job(later.id, "w1", &failure(), at(200), at(12)).await.unwrap();
        tx.commit().await.unwrap();
        let state = async |id| store.job(id).await.unwrap().map(|j| (j.state, j.failure.map(|f| f.code)));
        assert_eq!(state(low.id).await, Some((JobState::Done, None)));
        assert_eq!(state(high.id).await, Some((JobState::Failed, Some("no-model".into()))));
        assert_eq!(state(later.id).await, Some((JobState::Ready, Some("no-model".into()))));
        assert_eq!(store.jobs_next_start().await.unwrap(), Some(at(200)));
        assert_eq!(store.jobs(JobState::Failed, 9).await.unwrap().len(), 1);
        assert_eq!(store.failures(&[DerivativeKind::Probe]).await.unwrap(), [("no-model".to_owned(), 1)]);
        assert_eq!(store.failures(&[DerivativeKind::Text]).await.unwrap(), []);
        let stages = store.stage_counts().await.unwrap();
        assert_eq!(stages.iter().map(|s| (s.kind, s.work.ready, s.work.done, s.work.failed)).collect::<Vec<_>>(),
            [(DerivativeKind::Probe, 1, 0, 1), (DerivativeKind::Transcript, 0, 1, 0)]);
        assert_eq!(store.item(item_id(2)).await.unwrap().unwrap().work, WorkCounts { done: 1, ..WorkCounts::default() });

        // Closed ones can be opened again, by identifier of a new job or all failed ones at once.
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.enqueue(&NewJob { id: job_id(9), ..low.clone() }, at(300)).await.unwrap(), Enqueued::Ready);
        assert_eq!(tx.cancel_jobs(item_id(2), at(301)).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(state(job_id(9)).await, Some((JobState::Cancelled, None)));
        assert_eq!(store.retry_failed(Some(item_id(1)), &[], at(302)).await.unwrap(), 0);
        assert_eq!(store.retry_failed(None, &[DerivativeKind::Probe], at(302)).await.unwrap(), 1);
        assert_eq!(store.retry_failed(None, &[], at(302)).await.unwrap(), 1);
        assert_eq!(state(high.id).await, Some((JobState::Ready, None)));
    }
}

db_test! {
    async fn a_lost_worker_loses_its_jobs(at_) {
        let store = Store::open(&at_).await.unwrap();
        with_items(&store, 2).await;
        queue(&store, &[new_job(1, 1, DerivativeKind::Probe), new_job(2, 2, DerivativeKind::Probe)]).await;
        let first = store.claim("w1", at(10), LEASE, &[]).await.unwrap().unwrap();
        let second = store.claim("w1", at(10), LEASE, &[]).await.unwrap().unwrap();
        store.heartbeat(first.id, "w1", at(50), LEASE).await.unwrap();
        assert!(matches!(store.heartbeat(first.id, "w2", at(50), LEASE).await, Err(StoreError::LeaseLost(_))));

        assert_eq!(store.release_expired(at(70), 3).await.unwrap(), (0, 0), "the lease ends after its last moment");
        assert_eq!(store.release_expired(at(71), 3).await.unwrap(), (1, 0), "the one without heartbeat");
        assert!(matches!(store.heartbeat(second.id, "w1", at(72), LEASE).await, Err(StoreError::LeaseLost(_))));
        let again = store.claim("w2", at(80), LEASE, &[]).await.unwrap().unwrap();
        assert_eq!((again.id, again.attempts), (second.id, 2));
        store.give_back(again.id, "w2", at(81)).await.unwrap();
        let again = store.claim("w2", at(82), LEASE, &[]).await.unwrap().unwrap();
        assert_eq!(again.attempts, 2, "a job given back was not tried");

        // What takes its worker down every time is given up; a process alone on the record takes back everything.
        assert_eq!(store.release_all(at(83), 2).await.unwrap(), (1, 1));
        let lost = store.job(second.id).await.unwrap().unwrap();
        assert_eq!((lost.state, lost.failure.unwrap().code), (JobState::Failed, "worker-lost".into()));
        assert_eq!(store.job(first.id).await.unwrap().unwrap().state, JobState::Ready);
    }
}

db_test! {
    async fn two_claimers_never_get_one_job(at_) {
        let store = Store::open(&at_).await.unwrap();
        let n = 60u64;
        with_items(&store, n).await;
        let jobs: Vec<_> = (1..=n).map(|i| new_job(i, i, DerivativeKind::Probe)).collect();
        queue(&store, &jobs).await;
        let claimers: Vec<_> = (0..6)
            .map(|w| {
                let (at_, store) = (at_.clone(), store.clone());
                tokio::spawn(async move {
                    // Half of them as other processes would: over connections of their own.
                    let store = if w % 2 == 0 { store } else { Store::open(&at_).await.unwrap() };
                    let owner = format!("w{w}");
                    let mut got = Vec::new();
                    loop {
                        match store.claim(&owner, at(10), LEASE, &[]).await {
                            Ok(Some(job)) => got.push(job.id),
                            Ok(None) => break got,
                            Err(e) => panic!("{e:?}"),
                        }
                    }
                })
            })
            .collect();
        let mut all = Vec::new();
        for claimer in claimers {
            all.extend(claimer.await.unwrap());
        }
        // SKIP LOCKED may let a claimer go early; what is left is still there to be claimed.
        while let Some(job) = store.claim("last", at(10), LEASE, &[]).await.unwrap() {
            all.push(job.id);
        }
        assert_eq!(all.len() as u64, n);
        assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len() as u64, n);
    }
}
