//! stub
use super::format::Codec;
use std::time::Instant;
#[derive(Debug)]
pub struct Ear;
impl Ear {
    pub fn new() -> Self { Self }
    pub fn hear(&mut self, _codec: Codec, _packet: &[u8], _now: Instant) {}
    pub fn pull(&mut self, _rate: u32, _into: &mut Vec<i16>, _now: Instant) {}
}
