# Reads a body in base64 on each line and writes, for each and every setting, what Perl
# makes of it: the setting, the body's number and the text in base64.
use strict;
use warnings;
use JSON::PP;
use MIME::Base64;
use Data::Dumper;

my %settings = (
    'JSON::PP'            => sub { JSON::PP->new->utf8->encode(shift) },
    'JSON::PP, canonical' => sub { JSON::PP->new->utf8->canonical->encode(shift) },
    'JSON::PP, pretty'    => sub { JSON::PP->new->utf8->pretty->encode(shift) },
    'JSON::PP, ascii'     => sub { JSON::PP->new->ascii->canonical->encode(shift) },
    'Data::Dumper'        => sub { Dumper(shift) },
);
if (eval { require JSON::XS; 1 }) {
    $settings{'JSON::XS'} = sub { JSON::XS->new->utf8->encode(shift) };
}
my $i = 0;
while (my $line = <STDIN>) {
    my $raw = decode_base64($line);
    for my $name (sort keys %settings) {
        my $out = $settings{$name}->(decode_json($raw));
        utf8::encode($out) if utf8::is_utf8($out);
        print join("\t", $name, $i, encode_base64($out, '')), "\n";
    }
    $i++;
}
