//! Examples of the man pages: executed by a test as those of the README are.

/// Command (empty for the program itself), what it is for, the line.
pub(crate) const EXAMPLES: &[(&str, &str, &str)] = &[
    (
        "",
        "A server's directory: logs, and whatever lies beside them.",
        "nacos-offheap analyze /home/nacos",
    ),
    (
        "",
        "A gate in a pipeline, with a report for its test tab.",
        "nacos-offheap analyze /home/nacos --fail-on high --strict -f junit=nacos.xml",
    ),
    (
        "",
        "What a rule looks for.",
        "nacos-offheap explain faulty-client",
    ),
    (
        "analyze",
        "Three nodes, and a view over all of them.",
        "nacos-offheap analyze node-1 node-2 node-3",
    ),
    (
        "analyze",
        "The limit and the zone are known, no file tells them.",
        "nacos-offheap analyze logs/ nmt-*.txt --max-direct-memory 480m --tz +08:00",
    ),
    (
        "analyze",
        "Fail at figures by their names in the JSON.",
        "nacos-offheap analyze logs/ --fail-on 'peak_ratio>=0.9,clients.push_fail>100'",
    ),
    (
        "analyze",
        "A report to show to others, and the list of what its names stand for.",
        "nacos-offheap analyze logs/ --redact --redact-key redact.key --redact-map names.json -f json=shown.json",
    ),
    (
        "analyze",
        "Only what is new or worse than in a saved report fails.",
        "nacos-offheap analyze logs/ --baseline known.json --fail-on medium",
    ),
    (
        "heap",
        "Who holds direct memory in a dump.",
        "nacos-offheap heap java_heapdump.hprof",
    ),
    (
        "diff",
        "What a change of settings or a restart brought.",
        "nacos-offheap diff before.json after.json",
    ),
    (
        "diff",
        "For a ticket; fails when something high is new or worse.",
        "nacos-offheap diff before.json after.json -f markdown --fail-on high",
    ),
    (
        "report",
        "One run, shown in every way.",
        "nacos-offheap report after.json -f html=report.html -f markdown=report.md",
    ),
    ("explain", "All rules.", "nacos-offheap explain"),
    (
        "schema",
        "The schema of the report, for a validator.",
        "nacos-offheap schema > report.schema.json",
    ),
    (
        "schema",
        "That of the configuration file, for an editor.",
        "nacos-offheap schema config > nacos-offheap.schema.json",
    ),
    (
        "completions",
        "For bash, in this shell.",
        "nacos-offheap completions bash > nacos-offheap.bash",
    ),
    (
        "nmt",
        "What a series of reports adds up to.",
        "nacos-offheap nmt nmt-*.txt",
    ),
];
