//! What differs between releases of Nacos and of the JDK, as far as it shows in the files or moves memory.

/// A release of Nacos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// As it is written.
    pub text: &'static str,
    numbers: (u32, u32, u32),
}

macro_rules! releases {
    ($($text:literal $a:literal $b:literal $c:literal;)*) => {
        /// The releases that are simulated.
        pub const ALL: &[Release] = &[$(Release { text: $text, numbers: ($a, $b, $c) },)*];
    };
}

releases! {
    "2.0.3" 2 0 3; "2.0.4" 2 0 4; "2.1.0" 2 1 0; "2.1.2" 2 1 2;
    "2.2.0" 2 2 0; "2.2.1" 2 2 1; "2.2.2" 2 2 2; "2.2.3" 2 2 3; "2.2.4" 2 2 4; "2.3.0" 2 3 0;
    "2.3.1" 2 3 1; "2.3.2" 2 3 2; "2.4.3" 2 4 3; "2.5.1" 2 5 1; "3.0.2" 3 0 2;
}

/// Releases that push over UDP alone.
pub const OLD: &[Release] = &[
    Release {
        text: "1.4.2",
        numbers: (1, 4, 2),
    },
    Release {
        text: "1.4.6",
        numbers: (1, 4, 6),
    },
];

impl Release {
    /// The release of a text.
    pub fn of(text: &str) -> Self {
        *ALL.iter()
            .find(|r| r.text == text)
            .expect("a release that is simulated")
    }

    /// This release or later.
    pub fn from(self, a: u32, b: u32, c: u32) -> bool {
        self.numbers >= (a, b, c)
    }

    /// Refuses to queue for a stream that is not ready.
    pub fn guarded(self) -> bool {
        self.from(2, 3, 1)
    }

    /// Expels connections that went silent.
    pub fn expels(self) -> bool {
        !self.from(2, 2, 0) || self.from(2, 3, 0)
    }

    /// A reader that stops fills memory without end.
    pub fn leaks(self) -> bool {
        !self.guarded() && !self.expels()
    }

    /// Size of the chunks that Netty's pool takes.
    pub fn chunk(self) -> u64 {
        if self.from(2, 1, 1) {
            2 << 20
        } else {
            16 << 20
        }
    }

    /// Rounds buffers up to powers of two instead of finer classes.
    pub fn coarse_pool(self) -> bool {
        !self.from(2, 2, 1)
    }

    /// A time-out names its connection.
    pub fn timeouts_name_connections(self) -> bool {
        self.from(2, 3, 0)
    }

    /// The file that says which connections are registered.
    pub fn connection_log(self) -> &'static str {
        if !self.from(2, 2, 0) {
            "remote-digest.log"
        } else if !self.from(2, 4, 3) {
            "nacos.log"
        } else {
            "plugin-control-connection.log"
        }
    }

    /// The file of the console.
    pub fn console(self) -> &'static str {
        if self.from(3, 0, 0) {
            "startup.log"
        } else {
            "start.out"
        }
    }

    /// Access logs roll by the hour.
    pub fn hourly_access_log(self) -> bool {
        self.from(2, 3, 0) && !self.from(3, 0, 0)
    }
}

/// A JDK, and how Netty takes direct memory in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jdk {
    /// 8, 11, 17, 21.
    pub major: u32,
    /// Netty counts for itself (JDK 8, or opened modules and its property).
    pub no_cleaner: bool,
}

impl Jdk {
    /// As `java -version` says it.
    pub fn text(self) -> &'static str {
        match self.major {
            8 => "1.8.0_402",
            11 => "11.0.22",
            17 => "17.0.15",
            _ => "21.0.8",
        }
    }

    /// As `VM.version` says it.
    pub fn vm(self) -> (&'static str, &'static str) {
        match self.major {
            8 => ("25.402-b06", "8.0_402"),
            11 => ("11.0.22+7", "11.0.22"),
            17 => ("17.0.15+6-Debian-1deb12u1", "17.0.15"),
            _ => ("21.0.8+9-LTS", "21.0.8"),
        }
    }

    /// The category of NMT that holds direct memory.
    pub fn category(self) -> &'static str {
        if self.major == 8 { "Internal" } else { "Other" }
    }
}
