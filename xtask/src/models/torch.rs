//! Reads the tensors of a PyTorch checkpoint: a ZIP archive of raw storages and a pickle that says where each tensor lies.
//!
//! Of the pickle machine only what describes tensors is understood; everything else is carried along as a thing of no
//! meaning, and nothing is ever called.

use std::collections::HashMap;
use std::io::{Cursor, Read};

/// Bytes of one part of a checkpoint at most.
const MAX_PART: u64 = 64 << 20;

/// Named tensors of 32-bit floats.
pub struct Weights(HashMap<String, Tensor>);
/// Dimensions, and values in row order.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    pub dims: Vec<i64>,
    pub values: Vec<f32>,
}

impl Weights {
    /// Reads a checkpoint. Tensors of other numbers are left out. Errors: a sentence.
    pub fn read(checkpoint: &[u8]) -> Result<Self, String> {
        let mut archive = zip::ZipArchive::new(Cursor::new(checkpoint)).map_err(|e| format!("it is no checkpoint: {e}"))?;
        let pickle = archive.file_names().flatten().find(|n| n.ends_with("/data.pkl")).map(|n| n.into_owned());
        let pickle = pickle.ok_or("it holds no data.pkl")?;
        let folder = pickle.trim_end_matches("data.pkl").to_owned();
        let mut found = Vec::new();
        collect("", &Machine::default().run(&part(&mut archive, &pickle)?)?, &mut found);
        let mut storages: HashMap<String, Vec<u8>> = HashMap::new();
        let mut weights = HashMap::new();
        for (name, view) in found {
            if !storages.contains_key(&view.storage) {
                let bytes = part(&mut archive, &format!("{folder}data/{}", view.storage))?;
                storages.insert(view.storage.clone(), bytes);
            }
            let n = view.dims.iter().product::<i64>() as usize;
            let bytes = storages[&view.storage].get(4 * view.offset..4 * (view.offset + n));
            let bytes = bytes.ok_or_else(|| format!("{name} lies outside its storage"))?;
            let values = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
            weights.insert(name, Tensor { dims: view.dims, values });
        }
        Ok(Self(weights))
    }

    /// The tensor of that name, which must have these dimensions. Errors: a sentence.
    pub fn get(&self, name: &str, dims: &[i64]) -> Result<&Tensor, String> {
        let tensor = self.0.get(name).ok_or_else(|| format!("the checkpoint holds no {name}"))?;
        if tensor.dims == dims { Ok(tensor) } else { Err(format!("{name} is {:?} and not {dims:?}", tensor.dims)) }
    }

    /// The values of a vector of that length. Errors: a sentence.
    pub fn vector(&self, name: &str, len: usize) -> Result<Vec<f32>, String> {
        Ok(self.get(name, &[len as i64])?.values.clone())
    }
}

fn part(archive: &mut zip::ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<Vec<u8>, String> {
    let entry = archive.by_name(name).map_err(|e| format!("{name}: {e}"))?;
    let mut bytes = Vec::new();
    entry.take(MAX_PART).read_to_end(&mut bytes).map_err(|e| format!("{name}: {e}"))?;
    Ok(bytes)
}

/// Where a tensor lies in its storage.
#[derive(Clone, Debug)]
struct View {
    storage: String,
    offset: usize,
    dims: Vec<i64>,
}
#[derive(Clone, Debug)]
enum Value {
    Mark,
    Text(String),
    Number(i64),
    Global(String),
    Tuple(Vec<Value>),
    Pairs(Vec<(Value, Value)>),
    Storage(String, String),
    Tensor(View),
    Other,
}

/// Tensors of a value by their dotted names, without the name of the dictionary they stand in first.
fn collect(name: &str, value: &Value, found: &mut Vec<(String, View)>) {
    match value {
        Value::Tensor(view) => found.push((name.to_owned(), view.clone())),
        Value::Pairs(pairs) => pairs.iter().for_each(|(key, value)| {
            if let Value::Text(key) = key {
                collect(key, value, found);
            }
        }),
        _ => {}
    }
}

/// The pickle machine.
#[derive(Default)]
struct Machine {
    stack: Vec<Value>,
    memo: HashMap<u32, Value>,
}
impl Machine {
    fn run(mut self, mut code: &[u8]) -> Result<Value, String> {
        while let Some((&op, rest)) = code.split_first() {
            code = rest;
            match op {
                b'.' => return self.pop(),
                0x80 => drop(take(&mut code, 1)?),
                b'(' => self.stack.push(Value::Mark),
                b'}' => self.stack.push(Value::Pairs(Vec::new())),
                b')' => self.stack.push(Value::Tuple(Vec::new())),
                b']' | b'N' | 0x88 | 0x89 => self.stack.push(Value::Other),
                b'G' => {
                    take(&mut code, 8)?;
                    self.stack.push(Value::Other);
                }
                b'K' => self.number(&mut code, 1)?,
                b'M' => self.number(&mut code, 2)?,
                b'J' => self.number(&mut code, 4)?,
                b'X' => {
                    let n = little(take(&mut code, 4)?) as usize;
                    let text = String::from_utf8_lossy(take(&mut code, n)?).into_owned();
                    self.stack.push(Value::Text(text));
                }
                b'c' => {
                    let [module, name] = [line(&mut code)?, line(&mut code)?];
                    self.stack.push(Value::Global(format!("{module}.{name}")));
                }
                b'q' => self.remember(little(take(&mut code, 1)?) as u32)?,
                b'r' => self.remember(little(take(&mut code, 4)?) as u32)?,
                b'h' => self.recall(little(take(&mut code, 1)?) as u32)?,
                b'j' => self.recall(little(take(&mut code, 4)?) as u32)?,
                b't' => {
                    let values = self.since_mark()?;
                    self.stack.push(Value::Tuple(values));
                }
                0x85..=0x87 => {
                    let at = self.stack.len().checked_sub(usize::from(op - 0x84)).ok_or_else(short)?;
                    let values = self.stack.split_off(at);
                    self.stack.push(Value::Tuple(values));
                }
                b'Q' => {
                    let value = match self.pop()? {
                        Value::Tuple(parts) => match parts.as_slice() {
                            [_, Value::Global(kind), Value::Text(key), ..] => Value::Storage(kind.clone(), key.clone()),
                            _ => Value::Other,
                        },
                        _ => Value::Other,
                    };
                    self.stack.push(value);
                }
                b'R' | 0x81 => {
                    let (arguments, called) = (self.pop()?, self.pop()?);
                    self.stack.push(made(&called, arguments));
                }
                b's' => {
                    let (value, key) = (self.pop()?, self.pop()?);
                    self.put(vec![key, value]);
                }
                b'u' => {
                    let values = self.since_mark()?;
                    self.put(values);
                }
                b'e' => drop(self.since_mark()?),
                b'a' | b'b' => drop(self.pop()?),
                other => return Err(format!("the pickle has an instruction {other:#x} that no tensor needs")),
            }
        }
        Err(short())
    }

    fn pop(&mut self) -> Result<Value, String> {
        self.stack.pop().ok_or_else(short)
    }
    fn number(&mut self, code: &mut &[u8], width: usize) -> Result<(), String> {
        let n = little(take(code, width)?);
        self.stack.push(Value::Number(if width == 4 { i64::from(n as u32 as i32) } else { n as i64 }));
        Ok(())
    }
    fn remember(&mut self, place: u32) -> Result<(), String> {
        let value = match self.stack.last().ok_or_else(short)? {
            // What grows after it was remembered is not looked up again.
            Value::Pairs(_) => Value::Other,
            value => value.clone(),
        };
        self.memo.insert(place, value);
        Ok(())
    }
    fn recall(&mut self, place: u32) -> Result<(), String> {
        self.stack.push(self.memo.get(&place).cloned().ok_or_else(short)?);
        Ok(())
    }
    fn since_mark(&mut self) -> Result<Vec<Value>, String> {
        let at = self.stack.iter().rposition(|v| matches!(v, Value::Mark)).ok_or_else(short)?;
        let values = self.stack.split_off(at + 1);
        self.stack.pop();
        Ok(values)
    }
    fn put(&mut self, values: Vec<Value>) {
        if let Some(Value::Pairs(pairs)) = self.stack.last_mut() {
            let mut values = values.into_iter();
            while let (Some(key), Some(value)) = (values.next(), values.next()) {
                pairs.push((key, value));
            }
        }
    }
}

/// What a call would give, of the two that matter here.
fn made(called: &Value, arguments: Value) -> Value {
    let (Value::Global(called), Value::Tuple(arguments)) = (called, arguments) else { return Value::Other };
    match (called.as_str(), arguments.as_slice()) {
        ("collections.OrderedDict", _) => Value::Pairs(Vec::new()),
        (
            "torch._utils._rebuild_tensor_v2",
            [Value::Storage(kind, key), Value::Number(offset), Value::Tuple(dims), Value::Tuple(strides), ..],
        ) if kind == "torch.FloatStorage" => {
            let numbers = |values: &[Value]| -> Vec<i64> {
                values.iter().map(|v| if let Value::Number(n) = v { *n } else { -1 }).collect()
            };
            let (dims, strides) = (numbers(dims), numbers(strides));
            let mut expected = 1;
            let in_row_order = dims.iter().zip(&strides).rev().all(|(d, s)| {
                let right = *s == expected || *d == 1;
                expected *= d;
                right
            });
            match usize::try_from(*offset) {
                Ok(offset) if in_row_order && dims.iter().all(|d| *d >= 0) => {
                    Value::Tensor(View { storage: key.clone(), offset, dims })
                }
                _ => Value::Other,
            }
        }
        _ => Value::Other,
    }
}

fn short() -> String {
    "the pickle ends too early".into()
}
fn take<'c>(code: &mut &'c [u8], n: usize) -> Result<&'c [u8], String> {
    let (taken, rest) = code.split_at_checked(n).ok_or_else(short)?;
    *code = rest;
    Ok(taken)
}
fn line(code: &mut &[u8]) -> Result<String, String> {
    let n = code.iter().position(|b| *b == b'\n').ok_or_else(short)?;
    let line = String::from_utf8_lossy(take(code, n)?).into_owned();
    take(code, 1)?;
    Ok(line)
}
fn little(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// A checkpoint `{"state_dict": OrderedDict([("w", tensor of 2×3 from the third number on)])}` as PyTorch writes it.
    fn checkpoint(strides: [u8; 2]) -> Vec<u8> {
        let mut pickle = b"\x80\x02}q\x00X\x0a\x00\x00\x00state_dictq\x01ccollections\nOrderedDict\nq\x02)Rq\x03".to_vec();
        pickle.extend(b"X\x01\x00\x00\x00wq\x04ctorch._utils\n_rebuild_tensor_v2\nq\x05((X\x07\x00\x00\x00storageq\x06");
        pickle.extend(
            b"ctorch\nFloatStorage\nq\x07X\x01\x00\x00\x000q\x08X\x03\x00\x00\x00cpuq\x09K\x08tq\x0aQK\x02K\x02K\x03\x86q\x0b",
        );
        pickle.extend([
            b'K', strides[0], b'K', strides[1], 0x86, b'q', 12, 0x89, b'h', 2, b')', b'R', b'q', 13, b't', b'q', 14, b'R',
        ]);
        pickle.extend(b"q\x0fss.");
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let storage: Vec<u8> = (0..8u8).flat_map(|i| f32::from(i).to_le_bytes()).collect();
        for (name, bytes) in [("archive/data.pkl", &pickle), ("archive/data/0", &storage)] {
            zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("memory takes it");
            zip.write_all(bytes).expect("memory takes it");
        }
        zip.finish().expect("memory takes it").into_inner()
    }

    #[test]
    fn a_tensor_is_read_from_where_it_lies() {
        let weights = Weights::read(&checkpoint([3, 1])).unwrap();
        assert_eq!(weights.get("w", &[2, 3]).unwrap().values, [2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
        assert!(weights.get("w", &[3, 2]).unwrap_err().contains("[2, 3]"));
        assert!(weights.vector("v", 1).is_err());
        assert!(Weights::read(&checkpoint([1, 2])).unwrap().get("w", &[2, 3]).is_err(), "what lies crosswise is not misread");
    }

    #[test]
    fn what_is_no_checkpoint_is_refused() {
        assert!(Weights::read(b"PK").is_err());
        for code in [&b""[..], b"c", b"X\xff\xff\xff\xff", b"h\x01", b"t.", b"\x85.", b"o."] {
            assert!(Machine::default().run(code).is_err(), "{code:?}");
        }
    }
}
