//! What the walk prints, line by line, and how it is written.
//!
//! Belongs to the thread that walks.
use crate::recorder::Recorder;
use crate::steps::{Caches, OwnHeap};
use core::fmt::{Arguments, Write};
use core::sync::atomic::Ordering;
use gomalloc::arena::{AddressSpace, Category, Os, Platform};
use gomalloc::heap::Span;
use gomalloc::sizeclass::SpanClass;

/// What the walk prints.
pub(crate) struct Text<'o, O> {
    os: &'o Recorder<O>,
    out: String,
}

impl<'o, O: Os> Text<'o, O> {
    pub(crate) fn new(os: &'o Recorder<O>) -> Self {
        Self {
            os,
            out: String::new(),
        }
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }

    pub(crate) fn head(&mut self, name: &str) {
        self.out.push_str(name);
        self.out.push('\n');
    }

    pub(crate) fn line(&mut self, line: Arguments<'_>) {
        writeln!(self.out, "  {line}").expect("a string takes everything");
    }

    /// What the system was asked for since the last look.
    pub(crate) fn calls(&mut self) {
        let calls = self.os.take();
        if calls.is_empty() {
            self.line(format_args!("system: not asked"));
        }
        for call in calls {
            let bytes = bytes(call.bytes.get());
            match call.at {
                Some(at) => self.line(format_args!("system: {} {bytes} at {at}", call.name)),
                None => self.line(format_args!("system: {} {bytes}", call.name)),
            }
        }
    }

    /// The heap's figures.
    pub(crate) fn figures<P: Platform>(&mut self, heap: &OwnHeap<'_, O, P>) {
        let stats = heap.stats();
        let mut runs = 0;
        heap.for_each_free_run(|_| runs += 1);
        self.line(format_args!(
            "heap: {} mapped = {} small + {} large + {} stacks + {} idle",
            bytes(stats.mapped.get()),
            bytes(stats.small.get()),
            bytes(stats.large.get()),
            bytes(stats.manual.get()),
            bytes(stats.idle.get()),
        ));
        self.line(format_args!(
            "heap: {}; {} of the idle hold memory, {} do not",
            count(runs, "free run"),
            bytes(stats.free().get()),
            bytes(stats.released.get()),
        ));
    }

    /// Whose memory it is, by the accounts at the boundary to the system.
    pub(crate) fn accounts<P: Platform>(&mut self, heap: &OwnHeap<'_, O, P>) {
        let usage = heap.space().memory().usage();
        for category in Category::ALL {
            let mapped = usage.of(category).get();
            if mapped > 0 {
                self.line(format_args!("account: {category:?} {}", bytes(mapped)));
            }
        }
        self.line(format_args!(
            "account: reserved {}",
            bytes(usage.reserved.get())
        ));
    }

    /// What the exchange knows of a class.
    pub(crate) fn exchange<P: Platform>(&mut self, set: &Caches<'_, '_, O, P>, class: SpanClass) {
        let stats = set.exchange().stats(class);
        self.line(format_args!(
            "exchange: {}, {} partial, {} kept",
            count(stats.spans, "span"),
            stats.partial,
            stats.kept
        ));
    }

    /// A span by its header, with the first 64 of its free bits.
    pub(crate) fn span(&mut self, span: &Span) {
        let control = span.control().load(Ordering::Relaxed);
        self.line(format_args!(
            "span: {} at {}, generation {}, {} of {} slots free, bits {:#018x}…",
            count(span.pages(), "page"),
            span.addr(),
            control >> 32,
            control & u64::from(u32::MAX),
            span.slots(),
            span.free_bits()[0].load(Ordering::Relaxed),
        ));
    }
}

/// A number of things.
pub(crate) fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// Bytes in the largest unit that divides them.
pub(crate) fn bytes(bytes: usize) -> String {
    match bytes {
        0 => String::from("0"),
        bytes if bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        bytes if bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        bytes => format!("{bytes} bytes"),
    }
}
