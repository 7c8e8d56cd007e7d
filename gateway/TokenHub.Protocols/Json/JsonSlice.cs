using System.Runtime.CompilerServices;
using System.Text.Json;

namespace TokenHub.Protocols.Json;

/// <summary>A JSON value where it stands: of a string the inside, escaped as it came; else all of its bytes.</summary>
internal readonly ref struct JsonSlice(JsonTokenType type, ReadOnlySpan<byte> bytes)
{
    public JsonTokenType Type { get; } = type;

    public ReadOnlySpan<byte> Bytes { get; } = bytes;

    /// <summary>The inside of a string; empty for everything else.</summary>
    public ReadOnlySpan<byte> Text => Type == JsonTokenType.String ? Bytes : default;

    public bool IsArray => Type == JsonTokenType.StartArray;

    public bool IsObject => Type == JsonTokenType.StartObject;

    /// <summary>There is a value, and it is neither null nor false.</summary>
    public bool IsTruthy => Type is not (JsonTokenType.None or JsonTokenType.Null or JsonTokenType.False);

    /// <summary>A whole number, or what stands for none.</summary>
    public int NumberOr(int none) => Type == JsonTokenType.Number
        && System.Buffers.Text.Utf8Parser.TryParse(Bytes, out int number, out var read) && read == Bytes.Length
            ? number : none;
}

/// <summary>Walks the members of an object or the items of an array, without a document.</summary>
internal ref struct JsonWalk
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 1000 };

    private readonly ReadOnlySpan<byte> _data;
    private readonly bool _isObject;
    private readonly bool _isArray;
    private Utf8JsonReader _json;
    private bool _isAtName;

    /// <exception cref="JsonException">The bytes are no JSON; also while walking.</exception>
    public JsonWalk(ReadOnlySpan<byte> data)
    {
        _data = data;
        _json = new Utf8JsonReader(data, Options);
        _isObject = _json.Read() && _json.TokenType == JsonTokenType.StartObject;
        _isArray = _json.TokenType == JsonTokenType.StartArray;
    }

    /// <summary>Of anything but an object or array there is nothing to walk.</summary>
    public JsonWalk(JsonSlice value)
    {
        if (value.IsObject || value.IsArray)
        {
            this = new JsonWalk(value.Bytes);
        }
    }

    /// <summary>Goes on to the next member; its value need not have been taken.</summary>
    public bool NextMember()
    {
        if (!_isObject)
        {
            return false;
        }

        if (_isAtName)
        {
            _json.Skip();
        }

        _isAtName = _json.Read() && _json.TokenType == JsonTokenType.PropertyName;
        return _isAtName;
    }

    // Nobody escapes names, but everybody may.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool NameIs(ReadOnlySpan<byte> name) =>
        _json.ValueIsEscaped ? _json.ValueTextEquals(name) : _json.ValueSpan.SequenceEqual(name);

    /// <summary>The value of the member is still to be taken.</summary>
    public readonly bool IsAtName => _isAtName;

    /// <summary>Bytes of the member's name as it is written: tells many names apart at once.</summary>
    public readonly int NameLength => _json.ValueSpan.Length;

    /// <summary>The value of the member; once.</summary>
    public JsonSlice Value()
    {
        _isAtName = false;
        _json.Read();
        return Take();
    }

    /// <summary>
    /// Goes into the value of the member, an array: <see cref="NextObject"/> then walks its objects, to the last. False
    /// for a value of any other kind, which is passed over.
    /// </summary>
    public bool EnterArray()
    {
        _isAtName = false;
        _json.Read();
        var isArray = _json.TokenType == JsonTokenType.StartArray;
        if (!isArray)
        {
            _json.Skip();
        }

        return isArray;
    }

    /// <summary>
    /// Goes into the next object of an array entered, whose members must then be walked to the last; other items are
    /// passed over.
    /// </summary>
    public bool NextObject()
    {
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            if (_json.TokenType == JsonTokenType.StartObject)
            {
                return true;
            }

            _json.Skip();
        }

        return false;
    }

    /// <summary>
    /// Goes into the value of the member, an object, whose members must then be walked to the last. False for a value
    /// of any other kind, which is passed over.
    /// </summary>
    public bool EnterObject()
    {
        _isAtName = false;
        _json.Read();
        var isObject = _json.TokenType == JsonTokenType.StartObject;
        if (!isObject)
        {
            _json.Skip();
        }

        return isObject;
    }

    /// <summary>Goes on to the next item of an array.</summary>
    public bool NextItem(out JsonSlice item)
    {
        item = default;
        if (!_isArray || !_json.Read() || _json.TokenType == JsonTokenType.EndArray)
        {
            return false;
        }

        item = Take();
        return true;
    }

    private JsonSlice Take()
    {
        var type = _json.TokenType;
        if (type == JsonTokenType.String)
        {
            return new JsonSlice(type, _json.ValueSpan);
        }

        var from = (int)_json.TokenStartIndex;
        _json.Skip();
        return new JsonSlice(type, _data[from..(int)_json.BytesConsumed]);
    }
}
