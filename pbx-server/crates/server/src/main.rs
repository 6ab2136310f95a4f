//! The binary `voxera`.
fn main() {}
