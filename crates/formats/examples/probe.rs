fn main() {
    for p in std::env::args().skip(1) {
        let f = std::fs::File::open(&p).unwrap();
        let t = std::time::Instant::now();
        println!("{p}: {:?}", zapys_formats::examine(&f, None));
        for r in zapys_formats::readers() {
            let t = std::time::Instant::now();
            let x = r.read(&f);
            let e = t.elapsed();
            if e.as_millis() > 500 { println!("  {} {:?}", r.format(), e); }
            if r.format() == std::env::var("R").unwrap_or_default() { println!("{x:#?}"); }
        }
        for format in ["zip","tar","tar-gz","gzip"] {
            let t = std::time::Instant::now();
            let mut n = 0;
            let r = zapys_formats::members(&f, format, zapys_formats::Limits { max_total_bytes: 256 << 20, ..Default::default() }, &mut |i, body| { n += std::io::copy(body, &mut std::io::sink()).unwrap_or(0); std::ops::ControlFlow::Continue(()) });
            let e = t.elapsed();
            if e.as_millis() > 500 { println!("  {} {:?} {n}", format, e); }
            if format == std::env::var("R").unwrap_or_default() { println!("{r:#?}"); }
        }
        if t.elapsed().as_millis() > 1000 { println!("SLOW {:?} {p}", t.elapsed()); }
    }
}
