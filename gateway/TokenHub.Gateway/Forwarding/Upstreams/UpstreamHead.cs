using System.Buffers.Text;
using System.Text;

namespace TokenHub.Gateway.Forwarding.Upstreams;

/// <summary>
/// The head of an answer: its status, how its body is framed, whether the connection can be used again. Strict, for
/// what a hostile upstream sends here must not move the border between one client's answer and the next one's.
/// </summary>
internal sealed class UpstreamHead
{
    public const int BytesMax = 64 << 10;
    private const int HeadersMax = 256;

    private readonly List<(string Name, string Value)> _kept = new(4);
    private long? _length;
    private bool _isChunked;
    private bool _closes;

    public int Status { get; private set; }

    public string ContentType { get; private set; } = "";

    public bool CanReuse => !_closes && !Framing.EndsWithConnection;

    public BodyFraming Framing { get; private set; }

    /// <summary>The length that was announced, if any.</summary>
    public long? Length => _isChunked ? null : _length;

    /// <summary>A header of the few that are kept, or null.</summary>
    public string? Header(string name)
    {
        foreach (var (kept, value) in _kept)
        {
            if (kept == name)
            {
                return value;
            }
        }

        return null;
    }

    /// <summary>Length of the head including its blank line, or 0 when it is not whole yet.</summary>
    public static int FindEnd(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf("\r\n\r\n"u8);
        return end < 0 ? 0 : end + 4;
    }

    /// <summary>Reads a whole head. Throws <see cref="IOException"/> for one that is not as it must be.</summary>
    public void Read(ReadOnlySpan<byte> head)
    {
        (_length, _isChunked, _closes) = (null, false, false);
        ContentType = "";
        _kept.Clear();
        var line = TakeLine(ref head);
        ReadStatus(line);
        for (var count = 0; ; count++)
        {
            line = TakeLine(ref head);
            if (line.IsEmpty)
            {
                break;
            }

            if (count == HeadersMax)
            {
                throw Bad("too many headers");
            }

            ReadHeader(line);
        }

        Framing = FramingOf();
    }

    private BodyFraming FramingOf()
    {
        if (_isChunked && _length is not null)
        {
            throw Bad("both a length and chunks");
        }

        return Status is < 200 or 204 or 304 ? BodyFraming.None
            : _isChunked ? BodyFraming.Chunked
            : _length is { } length ? BodyFraming.OfLength(length)
            : BodyFraming.UntilClose;
    }

    // HTTP/1.1 200 OK
    private void ReadStatus(ReadOnlySpan<byte> line)
    {
        if (line.Length < 12 || !line.StartsWith("HTTP/1."u8)
            || line[7] is not ((byte)'0' or (byte)'1') || line[8] != ' '
            || !Utf8Parser.TryParse(line.Slice(9, 3), out int status, out var digits) || digits != 3
            || status is < 100 or > 599 || (line.Length > 12 && line[12] != ' '))
        {
            throw Bad("a malformed status line");
        }

        Status = status;
        _closes = line[7] == '0';
    }

    private void ReadHeader(ReadOnlySpan<byte> line)
    {
        var colon = line.IndexOf((byte)':');

        // A name before anything else, at once followed by its colon: no folding, no blanks that others read otherwise.
        if (colon < 1 || line[..colon].ContainsAnyInRange((byte)0, (byte)' ')
            || line.ContainsAnyInRange((byte)0, (byte)8) || line.ContainsAnyInRange((byte)10, (byte)31))
        {
            throw Bad("a malformed header");
        }

        var name = line[..colon];
        var value = line[(colon + 1)..].Trim(" \t"u8);
        switch (name.Length)
        {
            case 14 when Ascii.EqualsIgnoreCase(name, "content-length"u8):
                ReadLength(value);
                break;
            case 17 when Ascii.EqualsIgnoreCase(name, "transfer-encoding"u8):
                _isChunked = !_isChunked && Ascii.EqualsIgnoreCase(value, "chunked"u8)
                    ? true
                    : throw Bad("an unknown transfer encoding");
                break;
            case 10 when Ascii.EqualsIgnoreCase(name, "connection"u8):
                _closes |= Ascii.EqualsIgnoreCase(value, "close"u8);
                _closes &= !Ascii.EqualsIgnoreCase(value, "keep-alive"u8);
                break;
            case 12 when Ascii.EqualsIgnoreCase(name, "content-type"u8):
                ContentType = TypeOf(value);
                break;
            default:
                Keep(name, value);
                break;
        }
    }

    private void ReadLength(ReadOnlySpan<byte> value)
    {
        if (!Utf8Parser.TryParse(value, out long length, out var used) || used != value.Length || length < 0
            || value[0] is not (>= (byte)'0' and <= (byte)'9') || (_length is { } known && known != length))
        {
            throw Bad("a malformed length");
        }

        _length = length;
    }

    private void Keep(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (!TryKeep(HeaderRules.Read, name, value) && Status >= 400)
        {
            TryKeep(HeaderRules.ReadOfRefusal, name, value);
        }
    }

    private bool TryKeep(IReadOnlyList<string> names, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        foreach (var kept in names)
        {
            if (kept.Length == name.Length && Ascii.EqualsIgnoreCase(name, kept))
            {
                _kept.Add((kept, Encoding.Latin1.GetString(value)));
                return true;
            }
        }

        return false;
    }

    // The few types there are, without a string for each answer.
    private static string TypeOf(ReadOnlySpan<byte> value) =>
        value.SequenceEqual("application/json"u8) ? "application/json"
        : value.SequenceEqual("text/event-stream"u8) ? "text/event-stream"
        : value.SequenceEqual("text/event-stream; charset=utf-8"u8) ? "text/event-stream; charset=utf-8"
        : value.SequenceEqual("application/json; charset=utf-8"u8) ? "application/json; charset=utf-8"
        : Encoding.Latin1.GetString(value);

    private static ReadOnlySpan<byte> TakeLine(ref ReadOnlySpan<byte> head)
    {
        var end = head.IndexOf("\r\n"u8);
        var line = head[..end];
        head = head[(end + 2)..];
        return line;
    }

    private static IOException Bad(string what) => new($"The upstream's answer has {what}.");
}
