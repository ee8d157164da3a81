//! A server with the chat API on this machine, which "translates" by saying each line back in capitals.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub struct Translator {
    /// Host and port.
    pub place: String,
    stop: Arc<AtomicBool>,
}
impl Translator {
    /// Starts it on a free port, until it is dropped.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let place = listener.local_addr().expect("an address").to_string();
        let stop = Arc::new(AtomicBool::new(false));
        let done = stop.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if done.load(Ordering::Relaxed) {
                    return;
                }
                std::thread::spawn(move || stream.and_then(answer));
            }
        });
        Self { place, stop }
    }
}
impl Drop for Translator {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(&self.place));
    }
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let told = if first.starts_with("GET ") {
        json!({"data": [{"id": "capitals"}]})
    } else {
        let asked: Value = serde_json::from_slice(&body).expect("JSON");
        // Terms that are to be rendered in some way stand behind the instructions; what they stand for is said once more.
        let told = asked["messages"][0]["content"].as_str().expect("instructions");
        let terms = told.rsplit("Write nothing else.").next().unwrap_or_default();
        let renderings: String = terms.lines().filter_map(|l| l.split_once(" = ")).map(|(_, r)| format!(" ({r})")).collect();
        let question = asked["messages"][1]["content"].as_str().expect("a question");
        let (_, lines) = question.split_once("Lines to translate:\n").expect("lines");
        json!({"choices": [{"message": {"content": lines.to_uppercase().replace('\n', &format!("{renderings}\n"))}, "finish_reason": "stop"}]})
    };
    let told = told.to_string();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", told.len());
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(told.as_bytes()))
}
