using System.Text;
using TokenHub.Redis.Resp;

namespace TokenHub.Redis.Tests.Resp;

/// <summary>Replies of every kind, cut at every byte.</summary>
public sealed class RespFrameTests
{
    private static readonly string[] Frames =
    [
        "+OK\r\n", "-ERR no\r\n", ":0\r\n", ":-9007199254740991\r\n", "$5\r\nhello\r\n", "$0\r\n\r\n", "$-1\r\n",
        "*-1\r\n", "*0\r\n", "_\r\n", "#t\r\n", ",3.25\r\n", "(12345678901234567890\r\n",
        "=7\r\ntxt:abc\r\n", "!5\r\nERR x\r\n",
        "*3\r\n:1\r\n:-5\r\n:0\r\n", "$4\r\n\r\n\r\n\r\n", "*2\r\n*1\r\n$1\r\na\r\n*2\r\n_\r\n*0\r\n",
        "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n#f\r\n", "~2\r\n:1\r\n:2\r\n", ">3\r\n+message\r\n$2\r\nch\r\n$3\r\nabc\r\n",
        "|1\r\n+ttl\r\n:5\r\n*2\r\n:1\r\n|1\r\n+x\r\n*1\r\n:9\r\n:2\r\n", "%0\r\n", "*1\r\n%1\r\n+k\r\n*0\r\n",
        "$25\r\nabc\r\n$5\r\nhello\r\n+OK\r\n:1\r\n\r\n",
    ];

    private static readonly byte[] All = Encoding.Latin1.GetBytes(string.Concat(Frames));

    [Fact]
    public void Replies_are_found_whole_whatever_the_cut()
    {
        for (var cut = 0; cut <= All.Length; cut++)
        {
            Assert.Equal(Frames, Split([cut, All.Length - cut]));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public void Replies_are_found_whole_in_small_pieces(int size)
    {
        var pieces = Enumerable.Repeat(size, All.Length / size).Append(All.Length % size);

        Assert.Equal(Frames, Split(pieces));
    }

    [Fact]
    public void Replies_are_found_whole_in_random_pieces()
    {
        var random = new Random(1);
        for (var trial = 0; trial < 500; trial++)
        {
            var pieces = new List<int>();
            for (var left = All.Length; left > 0; left -= pieces[^1])
            {
                pieces.Add(Math.Min(left, random.Next(1, 20)));
            }

            Assert.Equal(Frames, Split(pieces));
        }
    }

    [Theory]
    [InlineData("hello\r\n")]
    [InlineData("\r\n")]
    [InlineData("$abc\r\n")]
    [InlineData("$?\r\n")]
    [InlineData("$-2\r\n")]
    [InlineData("$1 \r\n")]
    [InlineData("*5000000\r\n")]
    [InlineData("*9223372036854775807\r\n")]
    [InlineData("*9223372036854775808\r\n")]
    [InlineData("%9223372036854775807\r\n")]
    [InlineData("$9223372036854775807\r\n")]
    [InlineData("$67108865\r\n")]
    [InlineData("\0\r\n")]
    public void Bytes_that_are_no_reply_or_too_large_are_refused(string bytes)
    {
        var scanner = default(RespFrameScanner);

        Assert.Throws<RespProtocolException>(() => scanner.TryScan(Encoding.Latin1.GetBytes(bytes), out _));
    }

    [Fact]
    public void Line_without_end_is_refused()
    {
        var scanner = default(RespFrameScanner);
        var line = Encoding.ASCII.GetBytes("+" + new string('x', RespFrameScanner.LineBytesMax));

        Assert.Throws<RespProtocolException>(() => scanner.TryScan(line, out _));
    }

    [Fact]
    public void Random_bytes_never_crash_or_hang_the_scanner()
    {
        var random = new Random(2);
        var alphabet = Encoding.Latin1.GetBytes("+-:$*%>~|_#,(!=0123456789\r\n\r\n\r\n-abc");
        for (var trial = 0; trial < 20_000; trial++)
        {
            var bytes = random.GetItems(alphabet, random.Next(1, 40));
            var scanner = default(RespFrameScanner);
            try
            {
                for (var rest = bytes.AsSpan(); scanner.TryScan(rest, out var length); rest = rest[length..])
                {
                    Assert.InRange(length, 1, rest.Length);
                    ReadThrough(rest[..length]);
                }
            }
            catch (RespProtocolException)
            {
                // Said in so many words; that is all that is asked.
            }
        }
    }

    [Fact]
    public void Reader_gives_the_values_of_a_reply_in_order()
    {
        var reader = Reader(
            "*7\r\n:42\r\n$3\r\nabc\r\n$-1\r\n_\r\n=7\r\ntxt:xyz\r\n$2\r\n17\r\n"
            + "|1\r\n+a\r\n:1\r\n%1\r\n+k\r\n:-3\r\n");

        Assert.Equal(7, reader.ReadAggregate());
        Assert.Equal(42, reader.ReadInteger());
        Assert.Equal("abc"u8, reader.ReadBytes());
        Assert.True(reader.IsNull);
        reader.Skip();
        Assert.True(reader.IsNull);
        reader.Skip();
        Assert.Equal("xyz"u8, reader.ReadBytes());
        Assert.Equal(17, reader.ReadInteger());
        Assert.Equal(2, reader.ReadAggregate());
        Assert.Equal("k"u8, reader.ReadBytes());
        Assert.Equal(-3, reader.ReadInteger());
        Assert.Equal(0, reader.Kind);
    }

    [Theory]
    [InlineData("+abc\r\n")]
    [InlineData("*1\r\n:1\r\n")]
    [InlineData(":x\r\n")]
    [InlineData("$3\r\n1.5\r\n")]
    public void Reader_refuses_to_read_as_a_number_what_is_none(string frame)
    {
        Assert.Throws<RespProtocolException>(() => Reader(frame).ReadInteger());
    }

    [Fact]
    public void Reader_skips_a_value_with_all_within_it()
    {
        var reader = Reader("*2\r\n*2\r\n%1\r\n+a\r\n~1\r\n:1\r\n$1\r\nx\r\n:7\r\n");

        reader.ReadAggregate();
        reader.Skip();

        Assert.Equal(7, reader.ReadInteger());
    }

    [Theory]
    [InlineData('|')]
    [InlineData('*')]
    [InlineData('$')]
    [InlineData('\r')]
    [InlineData('_')]
    public void Reader_takes_a_string_as_it_is_whatever_byte_it_begins_with(char first)
    {
        var reader = Reader($"*2\r\n$4\r\n{first}1\r\n\r\n:7\r\n");

        reader.ReadAggregate();
        Assert.Equal($"{first}1\r\n", Encoding.Latin1.GetString(reader.ReadBytes()));
        Assert.Equal(7, reader.ReadInteger());
    }

    private static RespReader Reader(string frame) => new(Encoding.Latin1.GetBytes(frame));

    private static void ReadThrough(ReadOnlySpan<byte> frame)
    {
        var reader = new RespReader(frame);
        while (reader.Kind != 0)
        {
            reader.Skip();
        }
    }

    // Feeds the pieces one after the other, as a connection does.
    private static List<string> Split(IEnumerable<int> pieces)
    {
        var found = new List<string>();
        var received = new RespBuffer(16);
        var scanner = default(RespFrameScanner);
        var at = 0;
        foreach (var size in pieces)
        {
            received.Append(All.AsSpan(at, size));
            at += size;
            while (scanner.TryScan(received.Span, out var length))
            {
                found.Add(Encoding.Latin1.GetString(received.Span[..length]));
                received.Consume(length);
            }
        }

        return found;
    }
}
