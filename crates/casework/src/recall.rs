//! Answers that take a walk through the whole case, kept until the record changes.
//!
//! In a small case such an answer costs nothing and is made anew at every change. In one of a million items it takes a good
//! part of a second; there it may also be a little out of date while work goes on, in proportion to what it costs.

use crate::Result;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Answers that took longer may be out of date.
const DEAR: Duration = Duration::from_millis(100);
/// By so many times of what they took.
const TIMES: u32 = 10;
/// Answers kept.
const KEPT: usize = 8;

struct Kept<Q, A> {
    question: Q,
    /// State of the record it was made from.
    state: (u64, u64),
    made: Instant,
    took: Duration,
    answer: A,
}

/// The last answers to questions of one sort.
pub(crate) struct Recall<Q, A>(Mutex<Vec<Kept<Q, A>>>);
impl<Q, A> Default for Recall<Q, A> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}
impl<Q: PartialEq, A: Clone> Recall<Q, A> {
    /// The kept answer, or the one that `find` makes. `state` is asked first and must be cheap: while it stays, so does the
    /// answer.
    pub async fn get(
        &self,
        question: Q,
        state: impl Future<Output = Result<(u64, u64)>>,
        find: impl Future<Output = Result<A>>,
    ) -> Result<A> {
        let recent = |k: &Kept<Q, A>| k.took > DEAR && k.made.elapsed() < k.took * TIMES;
        if let Some(kept) = self.lock().iter().find(|k| k.question == question && recent(k)) {
            return Ok(kept.answer.clone());
        }
        let state = state.await?;
        if let Some(kept) = self.lock().iter().find(|k| k.question == question && k.state == state) {
            return Ok(kept.answer.clone());
        }
        let begun = Instant::now();
        let answer = find.await?;
        let mut all = self.lock();
        all.retain(|k| k.question != question);
        if all.len() == KEPT {
            all.remove(0);
        }
        all.push(Kept { question, state, made: Instant::now(), took: begun.elapsed(), answer: answer.clone() });
        Ok(answer)
    }
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Kept<Q, A>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_stays_while_the_record_does_and_dear_ones_a_little_longer() {
        let recall: Recall<&str, u32> = Recall::default();
        let ask = async |question, state, answer, takes: u64| {
            let find = async {
                tokio::time::sleep(Duration::from_millis(takes)).await;
                Ok(answer)
            };
            recall.get(question, async { Ok((state, 0)) }, find).await.unwrap()
        };
        assert_eq!(ask("a", 1, 10, 0).await, 10);
        assert_eq!(ask("a", 1, 11, 0).await, 10, "nothing changed");
        assert_eq!(ask("b", 1, 12, 0).await, 12, "another question");
        assert_eq!(ask("a", 2, 13, 150).await, 13, "the record changed");
        assert_eq!(ask("a", 3, 14, 0).await, 13, "it was dear and is recent");
        for i in 0..20 {
            assert_eq!(ask(["c", "d", "e", "f", "g", "h", "i", "j", "k"][i % 9], i as u64, 1, 0).await, 1);
        }
        assert!(recall.lock().len() <= KEPT);
    }
}
