//! PyanNet as in pyannote.audio's segmentation 3.0: sinc filters, convolutions, four bidirectional LSTM layers, and for each
//! frame of 270 samples seven classes: nobody, one of three speakers, two of them at once.

use super::onnx::{
    Attribute::{Number, Numbers, Real, Text},
    Graph, Kind,
};
use super::torch::Weights;

/// Pairs of sinc filters, and their length in samples.
const PAIRS: usize = 40;
const LENGTH: usize = 251;
/// Lowest cut-off and smallest width of a filter in hertz.
const MIN_HZ: f64 = 50.0;
const RATE: f64 = 16_000.0;
/// Size of an LSTM layer's memory in one direction, and the number of layers.
const HIDDEN: usize = 128;
const LAYERS: usize = 4;
/// Nobody, one of three, two of three.
const CLASSES: i64 = 7;

/// The network: `samples` (batch, 1, n) to `classes` (batch, frames, 7), unnormalised. Errors: a weight that is not there.
pub fn graph(w: &Weights) -> Result<Vec<u8>, String> {
    let mut g = Graph::new();
    let mut x = g.input("samples", Kind::Floats, &[Err("batch"), Ok(1), Err("n")]);
    x = instance_norm(&mut g, w, &x, "sincnet.wav_norm1d", 1)?;
    let filters = g.floats(&[2 * PAIRS as i64, 1, LENGTH as i64], &sinc(w)?);
    x = g.apply("Conv", &[&x, &filters], &[("strides", Numbers(&[10])), ("kernel_shape", Numbers(&[LENGTH as i64]))]);
    x = g.apply("Abs", &[&x], &[]);
    x = pooled(&mut g, w, &x, 0, 80)?;
    for (layer, from) in [(1, 80i64), (2, 60)] {
        let name = format!("sincnet.conv1d.{layer}");
        let weight = g.floats(&[60, from, 5], &w.get(&format!("{name}.weight"), &[60, from, 5])?.values);
        let bias = g.floats(&[60], &w.vector(&format!("{name}.bias"), 60)?);
        x = g.apply("Conv", &[&x, &weight, &bias], &[("kernel_shape", Numbers(&[5]))]);
        x = pooled(&mut g, w, &x, layer, 60)?;
    }
    // (batch, features, frames) to (frames, batch, features)
    x = g.apply("Transpose", &[&x], &[("perm", Numbers(&[2, 0, 1]))]);
    for layer in 0..LAYERS {
        x = lstm(&mut g, w, &x, layer, if layer == 0 { 60 } else { 2 * HIDDEN })?;
    }
    x = g.apply("Transpose", &[&x], &[("perm", Numbers(&[1, 0, 2]))]);
    for (name, from) in [("linear.0", 2 * HIDDEN as i64), ("linear.1", HIDDEN as i64)] {
        x = linear(&mut g, w, &x, name, from, HIDDEN as i64)?;
        x = g.apply("LeakyRelu", &[&x], &[("alpha", Real(0.01))]);
    }
    x = linear(&mut g, w, &x, "classifier", HIDDEN as i64, CLASSES)?;
    g.output(&x, "classes", &[Err("batch"), Err("frames"), Ok(CLASSES)]);
    Ok(g.finish("segmentation"))
}

/// The filters, made of their cut-offs: differences of two sinc functions under half a Hamming window, even ones first.
fn sinc(w: &Weights) -> Result<Vec<f32>, String> {
    let half = LENGTH / 2;
    let name = |part: &str| format!("sincnet.conv1d.0.filterbank.{part}");
    let column =
        |part| w.get(&name(part), &[PAIRS as i64, 1]).map(|t| t.values.iter().map(|v| f64::from(*v)).collect::<Vec<_>>());
    let (low, band) = (column("low_hz_")?, column("band_hz_")?);
    let window = w.vector(&name("window_"), half)?;
    let time = &w.get(&name("n_"), &[1, half as i64])?.values;
    let mut filters = vec![0.0f32; 2 * PAIRS * LENGTH];
    for i in 0..PAIRS {
        let low = MIN_HZ + low[i].abs();
        let high = (low + MIN_HZ + band[i].abs()).clamp(MIN_HZ, RATE / 2.0);
        let width = 2.0 * (high - low);
        let (even, odd) = (i * LENGTH, (PAIRS + i) * LENGTH);
        for k in 0..half {
            let t = f64::from(time[k]);
            let scale = f64::from(window[k]) / (t / 2.0) / width;
            let cos = (((high * t).sin() - (low * t).sin()) * scale) as f32;
            let sin = (((low * t).cos() - (high * t).cos()) * scale) as f32;
            (filters[even + k], filters[even + LENGTH - 1 - k]) = (cos, cos);
            (filters[odd + k], filters[odd + LENGTH - 1 - k]) = (sin, -sin);
        }
        filters[even + half] = 1.0;
    }
    Ok(filters)
}

fn instance_norm(g: &mut Graph, w: &Weights, x: &str, name: &str, n: usize) -> Result<String, String> {
    let scale = g.floats(&[n as i64], &w.vector(&format!("{name}.weight"), n)?);
    let bias = g.floats(&[n as i64], &w.vector(&format!("{name}.bias"), n)?);
    Ok(g.apply("InstanceNormalization", &[x, &scale, &bias], &[("epsilon", Real(1e-5))]))
}

fn pooled(g: &mut Graph, w: &Weights, x: &str, layer: usize, n: usize) -> Result<String, String> {
    let x = g.apply("MaxPool", &[x], &[("kernel_shape", Numbers(&[3])), ("strides", Numbers(&[3]))]);
    let x = instance_norm(g, w, &x, &format!("sincnet.norm1d.{layer}"), n)?;
    Ok(g.apply("LeakyRelu", &[&x], &[("alpha", Real(0.01))]))
}

fn linear(g: &mut Graph, w: &Weights, x: &str, name: &str, from: i64, to: i64) -> Result<String, String> {
    let weight = &w.get(&format!("{name}.weight"), &[to, from])?.values;
    let (rows, columns) = (to as usize, from as usize);
    let turned: Vec<f32> = (0..columns).flat_map(|c| (0..rows).map(move |r| weight[r * columns + c])).collect();
    let weight = g.floats(&[from, to], &turned);
    let bias = g.floats(&[to], &w.vector(&format!("{name}.bias"), rows)?);
    let product = g.apply("MatMul", &[x, &weight], &[]);
    Ok(g.apply("Add", &[&product, &bias], &[]))
}

/// One layer in both directions. PyTorch orders gates input, forget, cell, output; ONNX input, output, forget, cell.
fn lstm(g: &mut Graph, w: &Weights, x: &str, layer: usize, from: usize) -> Result<String, String> {
    const ORDER: [usize; 4] = [0, 3, 1, 2];
    let gates = |values: &[f32], width: usize| -> Vec<f32> {
        ORDER.iter().flat_map(|gate| values[gate * HIDDEN * width..(gate + 1) * HIDDEN * width].to_vec()).collect()
    };
    let (mut input, mut memory, mut bias) = (Vec::new(), Vec::new(), Vec::new());
    for direction in ["", "_reverse"] {
        let name = |part: &str| format!("lstm.{part}_l{layer}{direction}");
        let of =
            |part: &str, width: usize| w.get(&name(part), &[4 * HIDDEN as i64, width as i64]).map(|t| gates(&t.values, width));
        input.extend(of("weight_ih", from)?);
        memory.extend(of("weight_hh", HIDDEN)?);
        for part in ["bias_ih", "bias_hh"] {
            bias.extend(gates(&w.vector(&name(part), 4 * HIDDEN)?, 1));
        }
    }
    let n = 4 * HIDDEN as i64;
    let input = g.floats(&[2, n, from as i64], &input);
    let memory = g.floats(&[2, n, HIDDEN as i64], &memory);
    let bias = g.floats(&[2, 2 * n], &bias);
    let attributes = [("hidden_size", Number(HIDDEN as i64)), ("direction", Text("bidirectional"))];
    // (frames, 2, batch, hidden) to (frames, batch, 2 × hidden)
    let y = g.apply("LSTM", &[x, &input, &memory, &bias], &attributes);
    let y = g.apply("Transpose", &[&y], &[("perm", Numbers(&[0, 2, 1, 3]))]);
    let shape = g.numbers(&[3], &[0, 0, 2 * HIDDEN as i64]);
    Ok(g.apply("Reshape", &[&y, &shape], &[]))
}
