<?php
// Reads a body in base64 on each line and writes, for each and every setting, what PHP
// makes of it: the setting, the body's number and the text in base64.
$dump = function ($v) { ob_start(); var_dump($v); return ob_get_clean(); };
$settings = [
    'json_encode' => fn($v) => json_encode($v),
    'json_encode, UNESCAPED_SLASHES' => fn($v) => json_encode($v, JSON_UNESCAPED_SLASHES),
    'json_encode, UNESCAPED_UNICODE' => fn($v) => json_encode($v, JSON_UNESCAPED_UNICODE),
    'json_encode, both unescaped' => fn($v) => json_encode($v, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE),
    'json_encode, PRETTY_PRINT' => fn($v) => json_encode($v, JSON_PRETTY_PRINT),
    'json_encode, PRETTY_PRINT, both unescaped' => fn($v) => json_encode($v, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE),
    'json_encode, PRESERVE_ZERO_FRACTION' => fn($v) => json_encode($v, JSON_PRESERVE_ZERO_FRACTION),
    'json_encode, HEX' => fn($v) => json_encode($v, JSON_HEX_TAG | JSON_HEX_AMP | JSON_HEX_APOS | JSON_HEX_QUOT),
    'json_encode of objects' => fn($v, $raw) => json_encode(json_decode($raw)),
    'print_r' => fn($v) => print_r($v, true),
    'var_dump' => $dump,
    'var_export' => fn($v) => var_export($v, true),
    'serialize' => fn($v) => serialize($v),
    'addslashes' => fn($v, $raw) => addslashes($raw),
    'htmlspecialchars' => fn($v, $raw) => htmlspecialchars($raw),
    '$_POST' => function ($v, $raw) { parse_str($raw, $post); return json_encode($post); },
];
ini_set('serialize_precision', '-1');
foreach (explode("\n", trim(stream_get_contents(STDIN))) as $i => $line) {
    $raw = base64_decode($line);
    foreach ($settings as $name => $write) {
        echo $name, "\t", $i, "\t", base64_encode($write(json_decode($raw, true), $raw)), "\n";
    }
}
