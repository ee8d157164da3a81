//! CAM++ as in 3D-Speaker: a small residual network over the spectrogram, then densely connected layers of dilated
//! convolutions, each weighted by its context, then mean and spread over time, and a vector of 192 numbers.

use super::onnx::{
    Attribute::{Number, Numbers, Real},
    Graph, Kind,
};
use super::torch::Weights;

/// Mel bands that come in.
const BANDS: i64 = 80;
/// Channels of the residual network.
const HEAD: i64 = 32;
/// What each dense layer adds, and the width inside it.
const GROWTH: i64 = 32;
const INNER: i64 = 128;
/// Blocks of dense layers: how many, and how far apart their taps are.
const BLOCKS: [(usize, i64); 3] = [(12, 1), (24, 2), (16, 2)];
/// Frames over which context is averaged.
const CONTEXT: i64 = 100;
/// Numbers of an embedding.
const SIZE: i64 = 192;

/// The network: `features` (batch, frames, 80) to `embedding` (batch, 192). Errors: a weight that is not there.
pub fn graph(w: &Weights) -> Result<Vec<u8>, String> {
    let mut g = Graph::new();
    let x = g.input("features", Kind::Floats, &[Err("batch"), Err("frames"), Ok(BANDS)]);
    let x = g.apply("Transpose", &[&x], &[("perm", Numbers(&[0, 2, 1]))]);
    let mut net = Net { g, w };
    let x = net.head(&x)?;
    let x = net.conv(
        &x,
        "xvector.tdnn.linear",
        &[128, HEAD * BANDS / 8, 5],
        &[("strides", Numbers(&[2])), ("pads", Numbers(&[2, 2]))],
    )?;
    let mut x = net.norm_relu(&x, "xvector.tdnn.nonlinear.batchnorm", 128)?;
    let spread = net.spread(&x);
    let mut width = 128;
    for (block, (layers, dilation)) in (1..).zip(BLOCKS) {
        for layer in 1..=layers {
            let name = format!("xvector.block{block}.tdnnd{layer}");
            let y = net.dense(&x, &name, width, dilation, &spread)?;
            x = net.g.apply("Concat", &[&x, &y], &[("axis", Number(1))]);
            width += GROWTH;
        }
        let name = format!("xvector.transit{block}");
        x = net.norm_relu(&x, &format!("{name}.nonlinear.batchnorm"), width)?;
        x = net.conv(&x, &format!("{name}.linear"), &[width / 2, width, 1], &[])?;
        width /= 2;
    }
    x = net.norm_relu(&x, "xvector.out_nonlinear.batchnorm", width)?;
    let x = net.statistics(&x);
    let x = net.conv(&x, "xvector.dense.linear", &[SIZE, 2 * width, 1], &[])?;
    let x = net.norm(&x, "xvector.dense.nonlinear.batchnorm", SIZE, false)?;
    let mut g = net.g;
    let axes = g.numbers(&[1], &[2]);
    let x = g.apply("Squeeze", &[&x, &axes], &[]);
    g.output(&x, "embedding", &[Err("batch"), Ok(SIZE)]);
    Ok(g.finish("embedding"))
}

/// The network as far as it is written down.
struct Net<'w> {
    g: Graph,
    w: &'w Weights,
}
impl Net<'_> {
    fn conv(
        &mut self,
        x: &str,
        name: &str,
        dims: &[i64],
        attributes: &[(&str, super::onnx::Attribute<'_>)],
    ) -> Result<String, String> {
        let weight = self.g.floats(dims, &self.w.get(&format!("{name}.weight"), dims)?.values);
        Ok(self.g.apply("Conv", &[x, &weight], attributes))
    }

    /// Batch normalisation with what was learnt; without scale and shift where the layer has none.
    fn norm(&mut self, x: &str, name: &str, n: i64, affine: bool) -> Result<String, String> {
        let vector = |part: &str| self.w.vector(&format!("{name}.{part}"), n as usize);
        let (scale, bias) = match affine {
            true => (vector("weight")?, vector("bias")?),
            false => (vec![1.0; n as usize], vec![0.0; n as usize]),
        };
        let parts = [scale, bias, vector("running_mean")?, vector("running_var")?].map(|p| self.g.floats(&[n], &p));
        Ok(self.g.apply("BatchNormalization", &[x, &parts[0], &parts[1], &parts[2], &parts[3]], &[("epsilon", Real(1e-5))]))
    }

    fn norm_relu(&mut self, x: &str, name: &str, n: i64) -> Result<String, String> {
        let x = self.norm(x, name, n, true)?;
        Ok(self.g.apply("Relu", &[&x], &[]))
    }

    /// The residual network: (batch, 80, frames) to (batch, 320, frames).
    fn head(&mut self, x: &str) -> Result<String, String> {
        let axes = self.g.numbers(&[1], &[1]);
        let x = self.g.apply("Unsqueeze", &[x, &axes], &[]);
        let x = self.square(&x, "head.conv1", 1, 1)?;
        let mut x = self.norm_relu(&x, "head.bn1", HEAD)?;
        for layer in ["head.layer1", "head.layer2"] {
            for (part, stride) in [(0, 2), (1, 1)] {
                x = self.residual(&x, &format!("{layer}.{part}"), stride)?;
            }
        }
        let x = self.square(&x, "head.conv2", HEAD, 2)?;
        let x = self.norm_relu(&x, "head.bn2", HEAD)?;
        let shape = self.g.numbers(&[3], &[0, HEAD * BANDS / 8, -1]);
        Ok(self.g.apply("Reshape", &[&x, &shape], &[]))
    }

    /// Nine taps; `stride` in frequency.
    fn square(&mut self, x: &str, name: &str, from: i64, stride: i64) -> Result<String, String> {
        let attributes = [("strides", Numbers(&[stride, 1])), ("pads", Numbers(&[1, 1, 1, 1]))];
        self.conv(x, name, &[HEAD, from, 3, 3], &attributes)
    }

    fn residual(&mut self, x: &str, name: &str, stride: i64) -> Result<String, String> {
        let y = self.square(x, &format!("{name}.conv1"), HEAD, stride)?;
        let y = self.norm_relu(&y, &format!("{name}.bn1"), HEAD)?;
        let y = self.square(&y, &format!("{name}.conv2"), HEAD, 1)?;
        let y = self.norm(&y, &format!("{name}.bn2"), HEAD, true)?;
        let beside = match stride {
            1 => x.to_owned(),
            _ => {
                let strides = [("strides", Numbers(&[stride, 1]))];
                let s = self.conv(x, &format!("{name}.shortcut.0"), &[HEAD, HEAD, 1, 1], &strides)?;
                self.norm(&s, &format!("{name}.shortcut.1"), HEAD, true)?
            }
        };
        let sum = self.g.apply("Add", &[&y, &beside], &[]);
        Ok(self.g.apply("Relu", &[&sum], &[]))
    }

    /// For each frame, which stretch of context it lies in: (frames).
    fn spread(&mut self, x: &str) -> String {
        let shape = self.g.apply("Shape", &[x], &[]);
        let two = self.g.numbers(&[], &[2]);
        let frames = self.g.apply("Gather", &[&shape, &two], &[("axis", Number(0))]);
        let [zero, one] = [0, 1].map(|n| self.g.numbers(&[], &[n]));
        let range = self.g.apply("Range", &[&zero, &frames, &one], &[]);
        let length = self.g.numbers(&[], &[CONTEXT]);
        self.g.apply("Div", &[&range, &length], &[])
    }

    fn dense(&mut self, x: &str, name: &str, width: i64, dilation: i64, spread: &str) -> Result<String, String> {
        let x = self.norm_relu(x, &format!("{name}.nonlinear1.batchnorm"), width)?;
        let x = self.conv(&x, &format!("{name}.linear1"), &[INNER, width, 1], &[])?;
        let x = self.norm_relu(&x, &format!("{name}.nonlinear2.batchnorm"), INNER)?;
        let attributes = [("dilations", Numbers(&[dilation])), ("pads", Numbers(&[dilation, dilation]))];
        let y = self.conv(&x, &format!("{name}.cam_layer.linear_local"), &[GROWTH, INNER, 3], &attributes)?;
        let whole = self.g.apply("ReduceMean", &[&x], &[("axes", Numbers(&[2])), ("keepdims", Number(1))]);
        let pool = [("kernel_shape", Numbers(&[CONTEXT])), ("strides", Numbers(&[CONTEXT])), ("ceil_mode", Number(1))];
        let near = self.g.apply("AveragePool", &[&x], &pool);
        let near = self.g.apply("Gather", &[&near, spread], &[("axis", Number(2))]);
        let context = self.g.apply("Add", &[&near, &whole], &[]);
        let context = self.gate(&context, &format!("{name}.cam_layer.linear1"), INNER / 2, INNER)?;
        let context = self.g.apply("Relu", &[&context], &[]);
        let context = self.gate(&context, &format!("{name}.cam_layer.linear2"), GROWTH, INNER / 2)?;
        let weight = self.g.apply("Sigmoid", &[&context], &[]);
        Ok(self.g.apply("Mul", &[&y, &weight], &[]))
    }

    /// A convolution of one tap, with a shift.
    fn gate(&mut self, x: &str, name: &str, to: i64, from: i64) -> Result<String, String> {
        let weight = self.g.floats(&[to, from, 1], &self.w.get(&format!("{name}.weight"), &[to, from, 1])?.values);
        let bias = self.g.floats(&[to], &self.w.vector(&format!("{name}.bias"), to as usize)?);
        Ok(self.g.apply("Conv", &[x, &weight, &bias], &[]))
    }

    /// Mean and unbiased standard deviation over time, one under the other: (batch, 2 × channels, 1).
    fn statistics(&mut self, x: &str) -> String {
        let over_time = || [("axes", Numbers(&[2])), ("keepdims", Number(1))];
        let mean = self.g.apply("ReduceMean", &[x], &over_time());
        let off = self.g.apply("Sub", &[x, &mean], &[]);
        let squares = self.g.apply("ReduceSumSquare", &[&off], &over_time());
        let shape = self.g.apply("Shape", &[x], &[]);
        let two = self.g.numbers(&[], &[2]);
        let frames = self.g.apply("Gather", &[&shape, &two], &[("axis", Number(0))]);
        let frames = self.g.apply("Cast", &[&frames], &[("to", Number(1))]);
        let one = self.g.floats(&[], &[1.0]);
        let degrees = self.g.apply("Sub", &[&frames, &one], &[]);
        let degrees = self.g.apply("Max", &[&degrees, &one], &[]);
        let variance = self.g.apply("Div", &[&squares, &degrees], &[]);
        let deviation = self.g.apply("Sqrt", &[&variance], &[]);
        self.g.apply("Concat", &[&mean, &deviation], &[("axis", Number(1))])
    }
}
