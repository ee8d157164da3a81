//! Writes ONNX models: the few messages of its protocol buffers that a network of plain layers needs.

/// Version of the operators that graphs here are made of.
const OPSET: u64 = 17;
/// Version of the file format that this operator set came with.
const IR: u64 = 8;
/// What tensors hold, as the format numbers it.
#[derive(Clone, Copy)]
pub enum Kind {
    Floats = 1,
    Numbers = 7,
}

/// A message of protocol buffers being written.
#[derive(Default)]
struct Message(Vec<u8>);
impl Message {
    fn varint(&mut self, mut n: u64) {
        while n > 0x7f {
            self.0.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.0.push(n as u8);
    }
    fn number(&mut self, field: u64, n: u64) {
        self.varint(field << 3);
        self.varint(n);
    }
    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
    }
    fn message(&mut self, field: u64, write: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        write(&mut inner);
        self.bytes(field, &inner.0);
    }
}

/// An attribute of an operator.
pub enum Attribute<'a> {
    Number(i64),
    Numbers(&'a [i64]),
    Real(f32),
    Text(&'a str),
}

/// A graph being written down, layer by layer. Values are known by their names.
pub struct Graph {
    nodes: Message,
    inputs: Message,
    outputs: Message,
    tensors: Message,
    n_values: usize,
}
impl Graph {
    /// An empty graph.
    pub fn new() -> Self {
        Self {
            nodes: Message::default(),
            inputs: Message::default(),
            outputs: Message::default(),
            tensors: Message::default(),
            n_values: 0,
        }
    }

    /// Declares an input; a named dimension may have any length. Returns its name.
    pub fn input(&mut self, name: &str, kind: Kind, dims: &[Result<i64, &str>]) -> String {
        declare(&mut self.inputs, 11, name, kind, dims);
        name.into()
    }

    /// Declares that a value is an output, under a name of its own.
    pub fn output(&mut self, value: &str, name: &str, dims: &[Result<i64, &str>]) {
        self.write_node("Identity", &[value], name, &[]);
        declare(&mut self.outputs, 12, name, Kind::Floats, dims);
    }

    /// A constant tensor of floats.
    pub fn floats(&mut self, dims: &[i64], values: &[f32]) -> String {
        self.tensor(dims, Kind::Floats, &values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())
    }

    /// A constant tensor of whole numbers; no dimensions make a scalar.
    pub fn numbers(&mut self, dims: &[i64], values: &[i64]) -> String {
        self.tensor(dims, Kind::Numbers, &values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())
    }

    fn tensor(&mut self, dims: &[i64], kind: Kind, raw: &[u8]) -> String {
        let name = self.name();
        self.tensors.message(5, |m| {
            dims.iter().for_each(|d| m.number(1, *d as u64));
            m.number(2, kind as u64);
            m.bytes(8, name.as_bytes());
            m.bytes(9, raw);
        });
        name
    }

    /// Applies an operator with one result. Returns the result's name.
    pub fn apply(&mut self, operator: &str, inputs: &[&str], attributes: &[(&str, Attribute<'_>)]) -> String {
        let name = self.name();
        self.write_node(operator, inputs, &name, attributes);
        name
    }

    fn write_node(&mut self, operator: &str, inputs: &[&str], output: &str, attributes: &[(&str, Attribute<'_>)]) {
        self.nodes.message(1, |m| {
            inputs.iter().for_each(|i| m.bytes(1, i.as_bytes()));
            m.bytes(2, output.as_bytes());
            m.bytes(4, operator.as_bytes());
            for (name, value) in attributes {
                m.message(5, |a| {
                    a.bytes(1, name.as_bytes());
                    let kind = match value {
                        Attribute::Real(v) => {
                            a.varint(2 << 3 | 5);
                            a.0.extend(v.to_le_bytes());
                            1
                        }
                        Attribute::Number(v) => {
                            a.number(3, *v as u64);
                            2
                        }
                        Attribute::Text(v) => {
                            a.bytes(4, v.as_bytes());
                            3
                        }
                        Attribute::Numbers(v) => {
                            v.iter().for_each(|v| a.number(8, *v as u64));
                            7
                        }
                    };
                    a.number(20, kind);
                });
            }
        });
    }

    fn name(&mut self) -> String {
        self.n_values += 1;
        format!("v{}", self.n_values)
    }

    /// The model's file.
    pub fn finish(self, name: &str) -> Vec<u8> {
        let mut model = Message::default();
        model.number(1, IR);
        model.bytes(2, b"zapys");
        model.message(7, |g| {
            g.0.extend(self.nodes.0);
            g.bytes(2, name.as_bytes());
            g.0.extend(self.tensors.0);
            g.0.extend(self.inputs.0);
            g.0.extend(self.outputs.0);
        });
        model.message(8, |m| m.number(2, OPSET));
        model.0
    }
}

fn declare(to: &mut Message, field: u64, name: &str, kind: Kind, dims: &[Result<i64, &str>]) {
    to.message(field, |m| {
        m.bytes(1, name.as_bytes());
        m.message(2, |t| {
            t.message(1, |t| {
                t.number(1, kind as u64);
                t.message(2, |shape| {
                    for dim in dims {
                        shape.message(1, |d| match dim {
                            Ok(n) => d.number(1, *n as u64),
                            Err(name) => d.bytes(2, name.as_bytes()),
                        });
                    }
                });
            });
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_protocol_buffers_have_them() {
        let mut m = Message::default();
        m.number(1, 300);
        m.bytes(2, b"ab");
        m.message(3, |m| m.number(1, u64::MAX));
        assert_eq!(m.0[..3], [0x08, 0xac, 0x02]);
        assert_eq!(m.0[3..7], [0x12, 2, b'a', b'b']);
        assert_eq!(m.0[7..], [0x1a, 11, 0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]);
    }
}
