-- Reads a body in hexadecimal digits on each line and writes what Lua makes of it: the
-- setting, the body's number and the text in hexadecimal digits.
local cjson = require "cjson"
local i = 0
for line in io.lines() do
  local raw = line:gsub("%x%x", function(d) return string.char(tonumber(d, 16)) end)
  local out = cjson.encode(cjson.decode(raw))
  print(("cjson.encode\t%d\t%s"):format(i, (out:gsub(".", function(c) return ("%02x"):format(c:byte()) end))))
  i = i + 1
end
