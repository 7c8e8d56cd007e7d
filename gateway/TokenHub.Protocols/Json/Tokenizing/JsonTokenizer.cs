using System.Runtime.CompilerServices;

namespace TokenHub.Protocols.Json.Tokenizing;

/// <summary>
/// A strict JSON reader that can be fed a document in pieces cut anywhere. It keeps no part of the document but the
/// member name or number at hand, so memory is constant whatever the size of a string.
/// </summary>
internal partial struct JsonTokenizer
{
    /// <summary>Nesting that any tokenizer can hold; the limit in force may be lower.</summary>
    public const int DepthMax = 128;

    /// <summary>Longer member names are cut to this length before they are matched.</summary>
    public const int NameBytesMax = 64;

    public const int NumberBytesMax = 64;

    public const int RootNode = 1;

    public const int Silent = 0;

    private enum State : byte
    {
        Value,
        FirstElement,
        FirstName,
        Name,
        Colon,
        AfterValue,
        String,
        Escape,
        Hex,
        Number,
        Literal,
        Done,
        Failed,
    }

    private Nodes _nodes;
    private Capture _capture;
    private long _base;
    private long _tokenAt;
    private int _depth;
    private int _depthMax;
    private int _node;
    private int _captured;
    private int _tokens;
    private int _hex;
    private int _hexLeft;
    private int _high;
    private State _state;
    private JsonFault _fault;
    private Digits _digits;
    private byte _literal;
    private byte _literalRead;
    private bool _isName;

    /// <summary>Begins a new document of at most <paramref name="depthMax"/> nested objects and arrays.</summary>
    public void Reset(int depthMax = DepthMax)
    {
        _base = 0;
        _depth = 0;
        _depthMax = depthMax;
        _node = RootNode;
        _tokens = 0;
        _high = 0;
        _state = State.Value;
        _fault = JsonFault.None;
    }

    /// <summary>The document is complete; what follows may only be white space, and is the caller's to check.</summary>
    public readonly bool IsDone => _state == State.Done;

    public readonly JsonFault Fault => _fault;

    /// <summary>Bytes consumed since the reset; at a fault, the position of the offending byte.</summary>
    public readonly long Position => _base;

    /// <summary>Values and names seen since the reset.</summary>
    public readonly int Tokens => _tokens;

    /// <summary>Objects and arrays now open.</summary>
    public readonly int Depth => _depth;

    /// <summary>Reads on and returns the bytes consumed: all, unless the document ends or fails before.</summary>
    public int Feed<TSink>(ReadOnlySpan<byte> bytes, ref TSink sink)
        where TSink : IJsonSink, allows ref struct
    {
        var i = 0;
        while (i < bytes.Length && _state < State.Done)
        {
            i = _state switch
            {
                State.String => ReadString(bytes, i, ref sink),
                State.Escape => ReadEscape(bytes, i, ref sink),
                State.Hex => ReadHex(bytes, i, ref sink),
                State.Number => ReadNumber(bytes, i, ref sink),
                State.Literal => ReadLiteral(bytes, i, ref sink),
                _ => ReadStructure(bytes, i, ref sink),
            };
        }

        _base += i;
        return i;
    }

    private int ReadStructure<TSink>(ReadOnlySpan<byte> bytes, int i, ref TSink sink)
        where TSink : IJsonSink, allows ref struct
    {
        var c = bytes[i];
        if (c is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
        {
            return i + 1;
        }

        switch (_state)
        {
            case State.FirstElement when c == ']':
            case State.FirstName when c == '}':
                return Close(i, ref sink);

            case State.Value:
            case State.FirstElement:
                return BeginValue(i, c, ref sink);

            case State.FirstName when c == '"':
            case State.Name when c == '"':
                return BeginName(i);

            case State.Colon when c == ':':
                _state = State.Value;
                return i + 1;

            case State.AfterValue when c == ',':
                _state = IsObject(_depth - 1) ? State.Name : State.Value;
                _node = NodeAt(_depth - 1);
                return i + 1;

            case State.AfterValue when c == (IsObject(_depth - 1) ? '}' : ']'):
                return Close(i, ref sink);

            default:
                return Fail(JsonFault.Unexpected, i);
        }
    }

    private int BeginValue<TSink>(int i, byte c, ref TSink sink)
        where TSink : IJsonSink, allows ref struct
    {
        _tokens++;
        _tokenAt = _base + i;
        switch (c)
        {
            case (byte)'{':
                return Open(i, JsonKind.Object, ref sink);
            case (byte)'[':
                return Open(i, JsonKind.Array, ref sink);
            case (byte)'"':
                BeginString(isName: false);
                if (_node != Silent)
                {
                    sink.Begin(_node, JsonKind.String, _tokenAt);
                }

                return i + 1;
            case (byte)'t':
            case (byte)'f':
            case (byte)'n':
                _literal = c;
                _literalRead = 1;
                _state = State.Literal;
                return i + 1;
            case (byte)'-':
            case >= (byte)'0' and <= (byte)'9':
                BeginNumber();
                return i;
            default:
                return Fail(JsonFault.Unexpected, i);
        }
    }

    private int Open<TSink>(int i, JsonKind kind, ref TSink sink)
        where TSink : IJsonSink, allows ref struct
    {
        if (_depth >= _depthMax)
        {
            return Fail(JsonFault.TooDeep, i);
        }

        _nodes[_depth] = (_node << 1) | (kind == JsonKind.Object ? 1 : 0);
        _depth++;
        _state = kind == JsonKind.Object ? State.FirstName : State.FirstElement;
        if (_node != Silent)
        {
            sink.Begin(_node, kind, _tokenAt);
        }

        return i + 1;
    }

    private int Close<TSink>(int i, ref TSink sink)
        where TSink : IJsonSink, allows ref struct
    {
        _depth--;
        var node = NodeAt(_depth);
        if (node != Silent)
        {
            sink.End(node, IsObject(_depth) ? JsonKind.Object : JsonKind.Array, _base + i + 1);
        }

        EndValue();
        return i + 1;
    }

    private void EndValue() => _state = _depth == 0 ? State.Done : State.AfterValue;

    private int Fail(JsonFault fault, int i)
    {
        _state = State.Failed;
        _fault = fault;
        return i;
    }

    private readonly int NodeAt(int depth) => _nodes[depth] >> 1;

    private readonly bool IsObject(int depth) => (_nodes[depth] & 1) != 0;

    [InlineArray(DepthMax)]
    private struct Nodes
    {
        private int _first;
    }

    [InlineArray(NameBytesMax)]
    private struct Capture
    {
        private byte _first;
    }
}
