# Reads a body in base64 on each line and writes, for each and every setting, what Ruby
# makes of it: the setting, the body's number and the text in base64.
require "json"

html = { "<" => '\u003c', ">" => '\u003e', "&" => '\u0026', "\u2028" => '\u2028', "\u2029" => '\u2029' }
settings = {
  "to_json" => ->(v) { v.to_json },
  "JSON.pretty_generate" => ->(v) { JSON.pretty_generate(v) },
  "JSON.generate, ascii_only" => ->(v) { JSON.generate(v, ascii_only: true) },
  "to_json as Rails has it" => ->(v) { v.to_json.gsub(/[<>&\u2028\u2029]/, html) },
  "puts of to_json" => ->(v) { v.to_json + "\n" },
  "to_json twice" => ->(v) { v.to_json.to_json },
  "inspect" => ->(v) { v.inspect },
}
$stdin.each_line.with_index do |line, i|
  raw = line.unpack1("m").force_encoding("UTF-8")
  settings.each { |name, write| puts [name, i, [write.call(JSON.parse(raw))].pack("m0")].join("\t") }
  puts ["dump", i, [raw.dump].pack("m0")].join("\t")
end
