using System.Buffers.Text;

namespace TokenHub.Redis.Resp;

/// <summary>
/// Reads the values of one whole reply, in order. Made over bytes that <see cref="RespFrameScanner"/> has found
/// whole.
/// </summary>
public ref struct RespReader
{
    private ReadOnlySpan<byte> _rest;

    internal RespReader(ReadOnlySpan<byte> frame)
    {
        _rest = frame;
        SkipAttributes();
    }

    /// <summary>The kind byte of the next value (<c>: $ * + - _ , # %</c> and so on), 0 at the end.</summary>
    public readonly byte Kind => _rest.IsEmpty ? (byte)0 : _rest[0];

    public readonly bool IsError => Kind is (byte)'-' or (byte)'!';

    /// <summary>True when the next value is null in either version of the protocol.</summary>
    public readonly bool IsNull => Kind == '_' || _rest.StartsWith("$-1\r"u8) || _rest.StartsWith("*-1\r"u8);

    /// <summary>Number of values that follow (a map of n pairs has 2n); 0 for a null.</summary>
    public int ReadAggregate()
    {
        var kind = Kind;
        var line = TakeLine();
        var count = kind switch
        {
            (byte)'_' => 0,
            (byte)'*' or (byte)'~' or (byte)'>' => (int)Math.Max(Number(line), 0),
            (byte)'%' => (int)Math.Max(2 * Number(line), 0),
            _ => throw Unexpected(kind, "an array"),
        };
        SkipAttributes();
        return count;
    }

    /// <summary>An integer, also where the server sends it as text.</summary>
    public long ReadInteger()
    {
        var kind = Kind;
        return kind is (byte)':' or (byte)'$' or (byte)'+'
            ? Number(ReadBytes())
            : throw Unexpected(kind, "an integer");
    }

    /// <summary>
    /// A string of any kind, also an error's text; empty for a null (ask <see cref="IsNull"/> first).
    /// </summary>
    public ReadOnlySpan<byte> ReadBytes()
    {
        var kind = Kind;
        var line = TakeLine();
        switch (kind)
        {
            case (byte)'+' or (byte)'-' or (byte)':' or (byte)',' or (byte)'(' or (byte)'#' or (byte)'_':
                SkipAttributes();
                return line;
            case (byte)'$' or (byte)'!' or (byte)'=':
                var body = TakeBody((int)Number(line));
                SkipAttributes();

                // A verbatim string names its format in its first four bytes.
                return kind == '=' && body.Length >= 4 ? body[4..] : body;
            default:
                throw Unexpected(kind, "a string");
        }
    }

    /// <summary>Passes over the next value and all within it.</summary>
    public void Skip()
    {
        for (var missing = 1; missing > 0; missing--)
        {
            if (Kind is (byte)'*' or (byte)'~' or (byte)'>' or (byte)'%')
            {
                missing += ReadAggregate();
            }
            else
            {
                ReadBytes();
            }
        }
    }

    private ReadOnlySpan<byte> TakeLine()
    {
        var end = _rest.IndexOf("\r\n"u8);
        if (end < 1)
        {
            throw new RespProtocolException("The reply has fewer values than expected.");
        }

        var line = _rest[1..end];
        _rest = _rest[(end + 2)..];
        return line;
    }

    private ReadOnlySpan<byte> TakeBody(int size)
    {
        if (size < 0)
        {
            return default;
        }

        var body = _rest[..size];
        _rest = _rest[(size + 2)..];
        return body;
    }

    // Only where a value may begin: the body of a string may begin with any byte.
    private void SkipAttributes()
    {
        while (!_rest.IsEmpty && _rest[0] == '|')
        {
            var end = _rest.IndexOf("\r\n"u8);
            var pairs = Number(_rest[1..end]);
            _rest = _rest[(end + 2)..];
            for (var i = 0L; i < 2 * pairs; i++)
            {
                Skip();
            }
        }
    }

    private static long Number(ReadOnlySpan<byte> text) =>
        Utf8Parser.TryParse(text, out long value, out var used) && used == text.Length
            ? value
            : throw new RespProtocolException("The reply holds text where a number is expected.");

    private static RespProtocolException Unexpected(byte kind, string wanted) =>
        new($"The reply holds a value of kind 0x{kind:x2} where {wanted} is expected.");
}
