//! Settings that are one of a few words.

use super::setting::{Refusal, Scalar};

/// Declares an enum whose variants are words of the configuration.
macro_rules! choice {
    (
        $(#[$meta:meta])*
        $name:ident as $value_name:literal, $expects:literal {
            $($(#[$variant_meta:meta])* $variant:ident = $word:literal),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_meta])* $variant),+
        }

        impl $name {
            /// The word of the configuration.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl Scalar for $name {
            const VALUE_NAME: &'static str = $value_name;
            const EXPECTS: &'static str = $expects;
            const CHOICES: &'static [&'static str] = &[$($word),+];

            fn from_text(text: &str) -> Result<Self, Refusal> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(Refusal("not one of the words allowed".into())),
                }
            }

            fn to_text(&self) -> String {
                self.as_str().to_owned()
            }
        }
    };
}

choice! {
    /// What is printed for each call.
    OutputFormat as "FORMAT", "text, json or none" {
        /// One line for people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
        /// Nothing.
        None = "none",
    }
}

choice! {
    /// Where a signal goes.
    Exporter as "EXPORTER", "otlp or none" {
        /// To the OTLP endpoint, if one is configured.
        Otlp = "otlp",
        /// Nowhere.
        None = "none",
    }
}

choice! {
    /// How OTLP is spoken.
    OtlpProtocol as "PROTOCOL", "grpc or http/protobuf" {
        /// gRPC, usually port 4317.
        Grpc = "grpc",
        /// Protobuf over HTTP, usually port 4318.
        HttpProtobuf = "http/protobuf",
    }
}

choice! {
    /// Who reads what is sent.
    Backend as "BACKEND", "generic, phoenix, mlflow or langfuse" {
        /// Anybody who knows the conventions.
        Generic = "generic",
        /// Arize Phoenix.
        Phoenix = "phoenix",
        /// MLflow.
        Mlflow = "mlflow",
        /// Langfuse.
        Langfuse = "langfuse",
    }
}

choice! {
    /// How OTLP requests are compressed.
    Compression as "COMPRESSION", "gzip or none" {
        /// With gzip.
        Gzip = "gzip",
        /// Not at all.
        None = "none",
    }
}

choice! {
    /// What a metric point covers.
    Temporality as "TEMPORALITY", "cumulative, delta or lowmemory" {
        /// Everything since the start.
        Cumulative = "cumulative",
        /// What happened since the last point.
        Delta = "delta",
        /// Delta where that needs less memory.
        LowMemory = "lowmemory",
    }
}

choice! {
    /// Messages of the kernel half.
    KernelLog as "LEVEL", "off, error, warn, info, debug or trace" {
        /// None: the log calls are patched out of the programs.
        Off = "off",
        /// Errors.
        Error = "error",
        /// Warnings and up.
        Warn = "warn",
        /// Information and up.
        Info = "info",
        /// Decisions, too.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
}

choice! {
    /// Whether return probes are put on functions.
    ReturnProbes as "WHEN", "auto or never" {
        /// Where a self-test shows that they harm nobody.
        Auto = "auto",
        /// Nowhere.
        Never = "never",
    }
}

choice! {
    /// By what calls are joined to traces.
    JoinedBy as "RULES", "all, ids or none" {
        /// By ids, and by digests of what was said.
        All = "all",
        /// By ids alone.
        Ids = "ids",
        /// Not at all.
        None = "none",
    }
}

choice! {
    /// Where evaluations go that are known before their span leaves.
    EvaluationPlace as "SIGNAL", "span, log or both" {
        /// To the span, as its events.
        Span = "span",
        /// To events of their own, which are log records.
        Log = "log",
        /// To both.
        Both = "both",
    }
}

impl KernelLog {
    /// From 0 (off) to 5 (trace), as the kernel half counts.
    pub const fn level(self) -> u8 {
        self as u8
    }
}

/// Scheduling class of the thread that reads the ring buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReaderPriority {
    /// Like every other thread.
    Normal,
    /// `SCHED_RR` with this priority, 1 to 99.
    RealTime(u8),
}

impl Scalar for ReaderPriority {
    const VALUE_NAME: &'static str = "CLASS";
    const EXPECTS: &'static str = "none, or rt:1 to rt:99";

    fn from_text(text: &str) -> Result<Self, Refusal> {
        if text == "none" {
            return Ok(Self::Normal);
        }
        let level = text
            .strip_prefix("rt:")
            .and_then(|level| level.parse::<u8>().ok());
        match level {
            Some(level @ 1..=99) => Ok(Self::RealTime(level)),
            _ => Err(Refusal("not a scheduling class".into())),
        }
    }

    fn to_text(&self) -> String {
        match self {
            Self::Normal => "none".to_owned(),
            Self::RealTime(level) => format!("rt:{level}"),
        }
    }
}
