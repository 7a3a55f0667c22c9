# A server in a language that is on every Debian: one connection after the other, each closed once answered.
use strict;
use warnings;
use IO::Socket::INET;
$| = 1;

sub note {
    my ($what, $more) = @_;
    open(my $notes, '>>', '../notes.jsonl') or die "notes: $!";
    syswrite($notes, qq({"app":"$ENV{FOOTBRIDGE_APP}","what":"$what"$more}\n));
    close($notes);
}

my $names = join(',', map { qq("$_") } sort keys %ENV);
note('boot', qq(,"names":[$names]));
my $server = IO::Socket::INET->new(
    LocalAddr => '127.0.0.1', LocalPort => $ENV{PORT}, Listen => 64, ReuseAddr => 1,
) or die "cannot listen on $ENV{PORT}: $!";
print "weather server on port $ENV{PORT}\n";
$SIG{TERM} = sub { note('sigterm', ''); exit 0 };

while (my $client = $server->accept) {
    my $head = '';
    while (my $line = <$client>) {
        last if $line =~ /^\r?\n$/;
        $head .= $line;
    }
    my ($method, $path) = $head =~ m{^(\S+) (\S+)};
    if (!defined $path) { close($client); next }
    my $length = $head =~ /^content-length: *(\d+)/im ? $1 : 0;
    my $body = '';
    read($client, $body, $length) if $length;
    note('got', qq(,"method":"$method","url":"$path") . ($body ? qq(,"body":$body) : ''));
    my $answer = '{"weather":"rain"}';
    print $client "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ",
        length($answer), "\r\nConnection: close\r\n\r\n$answer";
    close($client);
}
