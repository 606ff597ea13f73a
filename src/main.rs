fn main() {
    let args: Vec<_> = std::env::args()
        .skip(1)
        .map(|p| nacos_offheap::artefact::discover::Argument {
            path: p.into(),
            node: None,
        })
        .collect();
    let t = std::time::Instant::now();
    let i = nacos_offheap::artefact::discover::discover(&args).unwrap();
    for s in &i.skipped {
        println!("skip {} {}", s.label, s.why);
    }
    let f = nacos_offheap::ingest::ingest(&i, &Default::default(), &|_, _| ());
    for (n, f) in i.nodes.iter().zip(&f) {
        println!("== {} ", n.id);
        let mut c: Vec<_> = f
            .log
            .clients
            .iter()
            .map(|(a, x)| {
                (
                    a.to_string(),
                    x.iter()
                        .map(|(s, a)| format!("{s:?}={}", a.count))
                        .collect::<Vec<_>>()
                        .join(" "),
                )
            })
            .collect();
        c.sort();
        for x in c {
            println!("{} {}", x.0, x.1);
        }
        println!(
            "tot {}",
            f.log
                .totals
                .iter()
                .map(|(s, a)| format!("{s:?}={}", a.count))
                .collect::<Vec<_>>()
                .join(" ")
        );
        for (k, v) in &f.log.failures {
            println!(
                "{:?} {:?} {:?} req {:?} used {:?} lim {:?}: {} {}",
                k.kind, k.side, k.class, k.requested, k.used, k.limit, v.count, v.mentions
            );
        }
        println!(
            "{:?}",
            f.log
                .clock
                .iter()
                .map(|(k, v)| (k, v.count))
                .collect::<Vec<_>>()
        );
        println!(
            "{:?}",
            f.log
                .marks
                .iter()
                .map(|m| (
                    m.kind,
                    m.pid,
                    m.version.clone(),
                    m.quote.time.map(|t| t.local())
                ))
                .collect::<Vec<_>>()
        );
        println!(
            "nmt {} gauges {} peak {:?}",
            f.memory.nmt.len(),
            f.memory.gauges.len(),
            f.log.logins.peak()
        );
        println!(
            "SERVER {:?}",
            f.log
                .server
                .iter()
                .map(|s| (s.key, s.value.clone(), s.quote.place.lines_before))
                .collect::<Vec<_>>()
        );
        println!(
            "TPS {:?}",
            f.log
                .tps
                .iter()
                .map(|s| (String::from_utf8_lossy(s.0).into_owned(), s.1))
                .collect::<Vec<_>>()
        );
        println!(
            "MAX {:?} {:?} {:?}",
            f.log.task_backlog_max, f.log.pool_max, f.log.snapshot_max
        );
        let (mut b, mut u) = (0, 0);
        for (id, c) in &f.coverage {
            if i.artefacts[id.0 as usize].format.is_log() {
                b += c.bytes;
                u += c.unknown_bytes;
            }
        }
        println!("COVER {} {} of {}", n.id, u, b);
        for (id, c) in &f.coverage {
            if c.unknown > 0 {
                println!(
                    "{} rec {} unk {} {}B of {}",
                    i.artefacts[id.0 as usize].label,
                    c.records,
                    c.unknown,
                    c.unknown_bytes,
                    c.bytes
                );
                for (s, n) in c.unknown_shapes.commonest(400) {
                    println!(
                        "SHAPE\t{:?}\t{}\t{}\t{}",
                        i.artefacts[id.0 as usize].format, n.records, n.bytes, s
                    );
                }
            }
        }
        for x in &f.issues {
            println!("{:?}", x);
        }
    }
    eprintln!("{:?}", t.elapsed());
}
