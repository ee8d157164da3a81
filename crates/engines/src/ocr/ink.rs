//! What is written in a panel: clusters of cells that are not of its colour, and crops of them in dark on white.

use super::panels::{Layout, NONE, Rect};
use crate::picture::Pixels;
use image::{GrayImage, imageops};
use std::collections::VecDeque;

/// Fainter than this (of 255, strongest of the three colours) is wallpaper, shadow or noise.
const FAINTEST: u8 = 28;
/// Height in pixels, from ascenders to descenders, at which the reader is at its best.
const BEST_LINE: f32 = 40.0;
/// White around a crop in pixels, after scaling.
const MARGIN: u32 = 16;

/// A word or line: cells that lie close together.
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    pub(super) panel: u16,
    /// In cells.
    pub(super) bounds: Rect,
    /// How far its strongest pixels are from the ground, 0 to 255.
    pub(super) contrast: u8,
    n_cells: u32,
}

/// The written cells of a picture.
pub(super) struct Ink {
    pub(super) clusters: Vec<Cluster>,
    /// Cluster of each cell.
    of: Vec<u32>,
}

/// A piece of the picture made ready for reading.
pub(super) struct Crop {
    pub(super) image: GrayImage,
    /// Where its first pixel behind the margin lies in the picture.
    x: u32,
    y: u32,
    scale: f32,
}
impl Crop {
    /// From pixels of the crop to pixels of the picture: left, top, width, height.
    pub(super) fn to_picture(&self, left: u32, top: u32, width: u32, height: u32) -> [u32; 4] {
        let back = |v: u32| (v.saturating_sub(MARGIN) as f32 / self.scale).round() as u32;
        let size = |v: u32| ((v as f32 / self.scale).round() as u32).max(1);
        [self.x + back(left), self.y + back(top), size(width), size(height)]
    }
}

impl Ink {
    /// Finds what is written.
    pub(super) fn of(pixels: &Pixels, layout: &Layout) -> Self {
        let n = layout.owner.len();
        let near_edge = edges(layout);
        let written = |i: usize| layout.owner[i] != NONE && layout.member[i] != layout.owner[i] && !near_edge[i];
        let mut of = vec![u32::MAX; n];
        let mut clusters = Vec::new();
        let mut queue = VecDeque::new();
        let (w, h) = (i64::from(layout.w), i64::from(layout.h));
        for start in 0..n {
            if of[start] != u32::MAX || !written(start) {
                continue;
            }
            let this = clusters.len() as u32;
            let panel = layout.owner[start];
            let mut bounds = Rect::at(start as u32 % layout.w, start as u32 / layout.w);
            let mut cells = Vec::new();
            of[start] = this;
            queue.push_back(start);
            while let Some(i) = queue.pop_front() {
                cells.push(i);
                let (x, y) = (i as i64 % w, i as i64 / w);
                bounds.join(&Rect::at(x as u32, y as u32));
                // Letters of a word lie side by side; lines must not grow together.
                for dy in -1..=1i64 {
                    for dx in -3..=3i64 {
                        let (nx, ny) = (x + dx, y + dy);
                        if nx < 0 || ny < 0 || nx >= w || ny >= h {
                            continue;
                        }
                        let j = (ny * w + nx) as usize;
                        if of[j] == u32::MAX && layout.owner[j] == panel && written(j) {
                            of[j] = this;
                            queue.push_back(j);
                        }
                    }
                }
            }
            let contrast = contrast(pixels, layout, &cells);
            clusters.push(Cluster { panel, bounds, contrast, n_cells: cells.len() as u32 });
        }
        Self { clusters, of }
    }

    /// Clusters that look like writing: strong enough, and neither icon nor photograph.
    /// Returns indices in reading order (top to bottom, then left to right).
    pub(super) fn written(&self, layout: &Layout) -> Vec<usize> {
        let cell = layout.cell;
        let mut heights: Vec<u32> = self
            .clusters
            .iter()
            .filter(|c| c.contrast >= FAINTEST && c.bounds.w() * 2 >= c.bounds.h() * 5)
            .map(|c| c.bounds.h())
            .collect();
        heights.sort_unstable();
        let line = heights.get(heights.len() / 2).copied().unwrap_or(10).max(20 / cell);
        let mut kept: Vec<usize> = (0..self.clusters.len())
            .filter(|&i| {
                let c = &self.clusters[i];
                let (w, h) = (c.bounds.w(), c.bounds.h());
                let rule = h * cell <= 4 || w * cell <= 3 || (w > 12 * h && h <= 2);
                let picture = h > 4 * line && c.n_cells * 2 > w * h && w < 8 * h;
                // A large letter has others of its height beside it, an icon stands alone.
                let icon = h > line * 8 / 5 && w < h * 3 / 2 && c.n_cells * 10 > w * h * 3 && !self.has_company(i);
                c.contrast >= FAINTEST && !rule && !picture && !icon
            })
            .collect();
        kept.sort_by_key(|&i| (self.clusters[i].bounds.y0, self.clusters[i].bounds.x0));
        kept
    }

    /// True where another cluster of much the same height stands close by on the same line.
    fn has_company(&self, of: usize) -> bool {
        let c = &self.clusters[of];
        let (h, reach) = (c.bounds.h(), c.bounds.h() * 2 / 3 + 1);
        self.clusters.iter().enumerate().any(|(i, o)| {
            let beside = o.bounds.x0 <= c.bounds.x1 + reach && c.bounds.x0 <= o.bounds.x1 + reach;
            let level = o.bounds.y0 < c.bounds.y1 && c.bounds.y0 < o.bounds.y1;
            let alike = o.bounds.h() * 8 >= h * 5 && h * 2 >= o.bounds.h();
            i != of && o.panel == c.panel && o.contrast >= FAINTEST && beside && level && alike
        })
    }

    /// Cuts clusters of one panel out, dark on white, at the size the reader likes.
    pub(super) fn crop(&self, pixels: &Pixels, layout: &Layout, clusters: &[usize]) -> Option<Crop> {
        let mut bounds = self.clusters[*clusters.first()?].bounds;
        for &i in clusters {
            bounds.join(&self.clusters[i].bounds);
        }
        // One cell around: the thin ends of letters may lie in cells that are nearly flat.
        let cell = layout.cell;
        let x0 = bounds.x0.saturating_sub(1) * cell;
        let y0 = bounds.y0.saturating_sub(1) * cell;
        let x1 = ((bounds.x1 + 1) * cell).min(pixels.width);
        let y1 = ((bounds.y1 + 1) * cell).min(pixels.height);
        let wanted: std::collections::HashSet<u32> = clusters.iter().map(|&i| i as u32).collect();
        let mut grey = GrayImage::from_pixel(x1 - x0, y1 - y0, image::Luma([255]));
        for cy in y0 / cell..y1.div_ceil(cell).min(layout.h) {
            for cx in x0 / cell..x1.div_ceil(cell).min(layout.w) {
                let i = layout.index(cx, cy);
                // A flat neighbour of a written cell belongs to it.
                let own = self.of[i];
                let cluster = if own != u32::MAX {
                    Some(own)
                } else {
                    layout.around(i).map(|j| self.of[j]).find(|&c| c != u32::MAX && wanted.contains(&c))
                };
                let Some(cluster) = cluster.filter(|c| wanted.contains(c)) else { continue };
                let full = f32::from(self.clusters[cluster as usize].contrast);
                for py in (cy * cell).max(y0)..((cy + 1) * cell).min(y1) {
                    for px in (cx * cell).max(x0)..((cx + 1) * cell).min(x1) {
                        let far = distance(pixels, px, py, &layout.ground[i]);
                        let dark = (f32::from(far) / full * 255.0).min(255.0);
                        grey.put_pixel(px - x0, py - y0, image::Luma([255 - dark as u8]));
                    }
                }
            }
        }
        let line = line_height(&grey)?;
        let scale = (BEST_LINE / line).clamp(0.3, 4.0);
        Some(framed(&grey, x0, y0, scale))
    }
}

/// Scales and puts white around.
pub(super) fn framed(grey: &GrayImage, x: u32, y: u32, scale: f32) -> Crop {
    let to = |v: u32| ((v as f32 * scale).round() as u32).max(1);
    let filter = if scale > 1.0 { imageops::FilterType::CatmullRom } else { imageops::FilterType::Triangle };
    let scaled = imageops::resize(grey, to(grey.width()), to(grey.height()), filter);
    let mut image = GrayImage::from_pixel(scaled.width() + 2 * MARGIN, scaled.height() + 2 * MARGIN, image::Luma([255]));
    imageops::replace(&mut image, &scaled, i64::from(MARGIN), i64::from(MARGIN));
    Crop { image, x, y, scale }
}

/// Median height of the lines, each weighing as much as it has ink. `None` for an empty picture.
pub(super) fn line_height(grey: &GrayImage) -> Option<f32> {
    let mut runs: Vec<(u32, u64)> = Vec::new();
    let mut open: Option<(u32, u64)> = None;
    for row in grey.rows() {
        let ink = row.filter(|p| p.0[0] < 128).count() as u64;
        match (&mut open, ink) {
            (None, 0) => {}
            (None, n) => open = Some((1, n)),
            (Some(run), 0) => {
                runs.push(*run);
                open = None;
            }
            (Some(run), n) => *run = (run.0 + 1, run.1 + n),
        }
    }
    runs.extend(open);
    runs.sort_unstable();
    let half = runs.iter().map(|r| r.1).sum::<u64>() / 2;
    let mut seen = 0;
    for (height, ink) in runs {
        seen += ink;
        if seen > half {
            return Some(height.max(4) as f32);
        }
    }
    None
}

/// Cells so close to the edge of another panel that they show the edge, not writing.
fn edges(layout: &Layout) -> Vec<bool> {
    let (w, h) = (layout.w as i64, layout.h as i64);
    let is_near = |i: usize| {
        let (x, y) = (i as i64 % w, i as i64 / w);
        let other = |dx: i64, dy: i64| {
            let (nx, ny) = (x + dx, y + dy);
            nx >= 0 && ny >= 0 && nx < w && ny < h && layout.owner[(ny * w + nx) as usize] != layout.owner[i]
        };
        (-2..=2).any(|dy| (-2..=2).any(|dx| other(dx, dy)))
    };
    (0..layout.owner.len()).map(is_near).collect()
}

fn distance(pixels: &Pixels, x: u32, y: u32, ground: &[u8; 3]) -> u8 {
    let at = (y as usize * pixels.width as usize + x as usize) * 3;
    let p = &pixels.rgb[at..at + 3];
    (0..3).map(|c| p[c].abs_diff(ground[c])).max().unwrap_or(0)
}

/// Distance from the ground that one pixel in twenty of the cluster reaches.
fn contrast(pixels: &Pixels, layout: &Layout, cells: &[usize]) -> u8 {
    let mut histogram = [0u32; 256];
    let mut n = 0;
    for &i in cells {
        let (cx, cy) = (i as u32 % layout.w, i as u32 / layout.w);
        for y in cy * layout.cell..((cy + 1) * layout.cell).min(pixels.height) {
            for x in cx * layout.cell..((cx + 1) * layout.cell).min(pixels.width) {
                histogram[usize::from(distance(pixels, x, y, &layout.ground[i]))] += 1;
                n += 1;
            }
        }
    }
    let mut left = n / 20;
    for (value, count) in histogram.iter().enumerate().rev() {
        if *count > left {
            return value as u8;
        }
        left -= count;
    }
    0
}
