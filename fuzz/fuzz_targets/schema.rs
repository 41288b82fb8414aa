#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tracer_core::fuzz::schema(data));
