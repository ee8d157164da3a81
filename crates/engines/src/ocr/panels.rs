//! Where a picture of a screen is one colour: bubbles, cards, bars, the background, and which lies inside which.
//!
//! The picture is cut into small square cells. A cell whose pixels are nearly equal is flat; neighbouring flat cells of
//! nearly equal colour make an area; an area that is large enough is a panel. Text is what lies inside a panel and is
//! not of its colour, whichever of the two is the darker: so dark and light bubbles are one case.

use crate::picture::Pixels;
use std::collections::VecDeque;

/// No panel.
pub(super) const NONE: u16 = u16::MAX;
/// More panels than these are not looked at: largest first.
const MAX_PANELS: usize = 400;

/// A rectangle: left, top, right, bottom; the last two are exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rect {
    pub(super) x0: u32,
    pub(super) y0: u32,
    pub(super) x1: u32,
    pub(super) y1: u32,
}
impl Rect {
    pub(super) fn w(&self) -> u32 {
        self.x1 - self.x0
    }
    pub(super) fn h(&self) -> u32 {
        self.y1 - self.y0
    }
    pub(super) fn join(&mut self, other: &Rect) {
        *self =
            Rect { x0: self.x0.min(other.x0), y0: self.y0.min(other.y0), x1: self.x1.max(other.x1), y1: self.y1.max(other.y1) };
    }
    pub(super) fn at(x: u32, y: u32) -> Self {
        Rect { x0: x, y0: y, x1: x + 1, y1: y + 1 }
    }
}

/// A large area of one colour with all that it encloses.
#[derive(Debug)]
pub(super) struct Panel {
    /// In cells.
    pub(super) bounds: Rect,
    /// Panel around it.
    pub(super) parent: Option<u16>,
    /// Cells of its own colour.
    pub(super) n_flat: u32,
    pub(super) colour: [u8; 3],
}

/// The panels of a picture.
pub(super) struct Layout {
    /// Pixels on the side of a cell.
    pub(super) cell: u32,
    /// Cells in a row, and rows.
    pub(super) w: u32,
    pub(super) h: u32,
    /// From the largest to the smallest.
    pub(super) panels: Vec<Panel>,
    /// Innermost panel around each cell.
    pub(super) owner: Vec<u16>,
    /// Panel whose colour the cell has.
    pub(super) member: Vec<u16>,
    /// Mean colour of each cell; where the cell is not of its owner's colour, the colour of the owner nearby.
    pub(super) ground: Vec<[u8; 3]>,
}

struct Cell {
    mean: [u8; 3],
    range: u8,
}

impl Layout {
    /// Finds the panels.
    pub(super) fn of(pixels: &Pixels) -> Self {
        let cell = (pixels.width.min(pixels.height.max(pixels.width / 4)) / 270).clamp(2, 6);
        let (w, h) = ((pixels.width / cell).max(1), (pixels.height / cell).max(1));
        let cells: Vec<Cell> =
            (0..h).flat_map(|y| (0..w).map(move |x| (x, y))).map(|(x, y)| measure(pixels, cell, x, y)).collect();
        // A drawn picture has cells without any noise; after JPEG even flat places waver.
        let calm = cells.iter().filter(|c| c.range <= 1).count() * 3 > cells.len();
        let (flat, step) = if calm { (6, 3) } else { (14, 6) };
        let (area, areas) = find_areas(&cells, w, h, flat, step);

        let mut order: Vec<usize> = (0..areas.len()).filter(|&i| areas[i].is_panel(w, cell)).collect();
        order.sort_by_key(|&i| std::cmp::Reverse((u64::from(areas[i].bounds.w()) * u64::from(areas[i].bounds.h()), areas[i].n)));
        order.truncate(MAX_PANELS);
        let mut number = vec![NONE; areas.len()];
        let mut layout =
            Layout { cell, w, h, panels: Vec::new(), owner: vec![NONE; cells.len()], member: Vec::new(), ground: Vec::new() };
        for area_idx in order {
            layout.add(&area, area_idx as u32, &areas[area_idx], &mut number);
        }
        layout.member = area.iter().map(|&a| if a == u32::MAX { NONE } else { number[a as usize] }).collect();
        layout.spread_ground(&cells);
        layout
    }

    /// Paints the panel over what it encloses. Panels come from the largest to the smallest, so inner ones win.
    fn add(&mut self, area: &[u32], area_idx: u32, found: &Area, number: &mut [u16]) {
        let b = found.bounds;
        let (bw, bh) = ((b.w() + 2) as usize, (b.h() + 2) as usize);
        // Flood from a frame around it; what the flood does not reach is enclosed.
        let mut outside = vec![false; bw * bh];
        let mut queue = VecDeque::from([(0usize, 0usize)]);
        outside[0] = true;
        while let Some((x, y)) = queue.pop_front() {
            for (nx, ny) in [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)] {
                if nx >= bw || ny >= bh || outside[ny * bw + nx] {
                    continue;
                }
                let framed = nx == 0 || ny == 0 || nx == bw - 1 || ny == bh - 1;
                if framed || area[self.index(b.x0 + nx as u32 - 1, b.y0 + ny as u32 - 1)] != area_idx {
                    outside[ny * bw + nx] = true;
                    queue.push_back((nx, ny));
                }
            }
        }
        let inside: Vec<usize> = (1..bh - 1)
            .flat_map(|y| (1..bw - 1).map(move |x| (x, y)))
            .filter(|&(x, y)| !outside[y * bw + x])
            .map(|(x, y)| self.index(b.x0 + x as u32 - 1, b.y0 + y as u32 - 1))
            .collect();
        let enclosed = inside.len() as u32;
        let root = self.panels.is_empty() || b.w() * 20 >= self.w * 19;
        // A bubble fills its rectangle but for the corners, and is mostly its own colour.
        if !root && (enclosed * 10 < b.w() * b.h() * 7 || found.n * 20 < enclosed * 7) {
            return;
        }
        // A large bold letter has holes like a bubble has text, but they do not reach across it.
        if !root && b.w() * 4 < b.h() * 9 && b.h() * 8 < self.w && !self.is_written_across(area, area_idx, &inside, b.w()) {
            return;
        }
        let this = self.panels.len() as u16;
        let parent = inside.first().map(|&i| self.owner[i]).filter(|&p| p != NONE);
        for i in inside {
            self.owner[i] = this;
        }
        number[area_idx as usize] = this;
        let mean = found.sum.map(|s| (s / u64::from(found.n)) as u8);
        self.panels.push(Panel { bounds: b, parent, n_flat: found.n, colour: mean });
    }

    /// True where what is not of the area's colour spans at least half of its width.
    fn is_written_across(&self, area: &[u32], area_idx: u32, inside: &[usize], width: u32) -> bool {
        let holes = inside.iter().filter(|&&i| area[i] != area_idx).map(|&i| i as u32 % self.w);
        let (first, last) = holes.fold((u32::MAX, 0), |(first, last), x| (first.min(x), last.max(x)));
        first != u32::MAX && (last - first + 1) * 2 >= width
    }

    /// Gives cells that hold text the colour that their panel has next to them.
    fn spread_ground(&mut self, cells: &[Cell]) {
        let n = cells.len();
        self.ground = cells.iter().map(|c| c.mean).collect();
        let mut known: Vec<bool> = (0..n).map(|i| self.owner[i] == NONE || self.member[i] == self.owner[i]).collect();
        let mut queue: VecDeque<usize> = (0..n).filter(|&i| known[i] && self.owner[i] != NONE).collect();
        while let Some(i) = queue.pop_front() {
            for j in self.around(i) {
                if !known[j] && self.owner[j] == self.owner[i] {
                    known[j] = true;
                    self.ground[j] = self.ground[i];
                    queue.push_back(j);
                }
            }
        }
    }

    pub(super) fn index(&self, x: u32, y: u32) -> usize {
        (y * self.w + x) as usize
    }
    /// The four neighbours.
    pub(super) fn around(&self, i: usize) -> impl Iterator<Item = usize> + use<> {
        let (w, h) = (self.w as usize, self.h as usize);
        let (x, y) = (i % w, i / w);
        let left = (x > 0).then(|| i - 1);
        let right = (x + 1 < w).then(|| i + 1);
        let up = (y > 0).then(|| i - w);
        let down = (y + 1 < h).then(|| i + w);
        [left, right, up, down].into_iter().flatten()
    }
    /// Share of the picture, 0 to 1, that has some panel's own colour.
    pub(super) fn flat_share(&self) -> f64 {
        let n: u64 = self.panels.iter().map(|p| u64::from(p.n_flat)).sum();
        n as f64 / f64::from(self.w * self.h)
    }
}

fn measure(pixels: &Pixels, cell: u32, x: u32, y: u32) -> Cell {
    let mut low = [255u8; 3];
    let mut high = [0u8; 3];
    let mut sum = [0u32; 3];
    let mut n = 0;
    for py in y * cell..((y + 1) * cell).min(pixels.height) {
        let start = (py as usize * pixels.width as usize + (x * cell) as usize) * 3;
        let end = start + (cell.min(pixels.width - x * cell) as usize) * 3;
        for p in pixels.rgb[start..end].chunks_exact(3) {
            for c in 0..3 {
                low[c] = low[c].min(p[c]);
                high[c] = high[c].max(p[c]);
                sum[c] += u32::from(p[c]);
            }
            n += 1;
        }
    }
    let range = (0..3).map(|c| high[c].saturating_sub(low[c])).max().unwrap_or(0);
    Cell { mean: sum.map(|s| (s / n.max(1)) as u8), range }
}

/// Connected flat cells.
struct Area {
    bounds: Rect,
    n: u32,
    sum: [u64; 3],
}
impl Area {
    /// Large enough to hold a line of text, and no giant letter.
    fn is_panel(&self, page_w: u32, cell: u32) -> bool {
        let (w, h) = (self.bounds.w(), self.bounds.h());
        w * 25 >= page_w && w * cell >= 40 && h * cell >= 24 && self.n >= 40 && (w * 10 >= h * 13 || h * 8 >= page_w)
    }
}

fn find_areas(cells: &[Cell], w: u32, h: u32, flat: u8, step: u8) -> (Vec<u32>, Vec<Area>) {
    let w = w as usize;
    let mut area = vec![u32::MAX; cells.len()];
    let mut areas = Vec::new();
    let mut queue = VecDeque::new();
    let near = |a: &[u8; 3], b: &[u8; 3]| a.iter().zip(b).all(|(a, b)| a.abs_diff(*b) <= step);
    for start in 0..cells.len() {
        if area[start] != u32::MAX || cells[start].range > flat {
            continue;
        }
        let this = areas.len() as u32;
        let mut found = Area { bounds: Rect::at((start % w) as u32, (start / w) as u32), n: 0, sum: [0; 3] };
        area[start] = this;
        queue.push_back(start);
        while let Some(i) = queue.pop_front() {
            let (x, y) = (i % w, i / w);
            found.bounds.join(&Rect::at(x as u32, y as u32));
            found.n += 1;
            for c in 0..3 {
                found.sum[c] += u64::from(cells[i].mean[c]);
            }
            let neighbours = [
                (x > 0).then(|| i - 1),
                (x + 1 < w).then_some(i + 1),
                (y > 0).then(|| i - w),
                (y + 1 < h as usize).then_some(i + w),
            ];
            for j in neighbours.into_iter().flatten() {
                if area[j] == u32::MAX && cells[j].range <= flat && near(&cells[i].mean, &cells[j].mean) {
                    area[j] = this;
                    queue.push_back(j);
                }
            }
        }
        areas.push(found);
    }
    (area, areas)
}
