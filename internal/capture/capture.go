// Package capture reads recorded webhook deliveries, byte for byte, from the
// formats that tools write them in.
//
// [Read] walks inputs and yields [Batch]es; a batch yields [Request]s. The two
// steps are apart because the second is the costly one: whoever has a core to
// spare can decode a batch while the next one is being read. Memory does not
// grow with the input: a delivery is held in memory up to [MaxDelivery], a
// larger raw body is streamed.
//
// Nothing is ever trimmed from a payload. Where a format cannot hold the exact
// bytes, the request says so.
package capture
