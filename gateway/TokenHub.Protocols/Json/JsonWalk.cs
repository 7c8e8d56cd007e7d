using System.Runtime.CompilerServices;
using System.Text.Json;

namespace TokenHub.Protocols.Json;

/// <summary>
/// Walks the members of an object or the items of an array, whose values come as slices; <see cref="JsonSteps"/> are
/// the same for those who hold the reader themselves.
/// </summary>
internal ref struct JsonWalk
{
    private readonly ReadOnlySpan<byte> _data;
    private readonly bool _isObject;
    private readonly bool _isArray;
    private Utf8JsonReader _json;
    private bool _isAtName;

    /// <exception cref="JsonException">The bytes are no JSON; also while walking.</exception>
    public JsonWalk(ReadOnlySpan<byte> data)
    {
        _data = data;
        _json = JsonRaw.NewReader(data);
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

        _isAtName = _json.NextMember();
        return _isAtName;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool NameIs(ReadOnlySpan<byte> name) => _json.NameIs(name);

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
        return _json.BeginArray();
    }

    /// <summary>
    /// Goes into the next object of an array entered, whose members must then be walked to the last; other items are
    /// passed over.
    /// </summary>
    public bool NextObject() => _json.NextObject();

    /// <summary>
    /// Goes into the value of the member, an object, whose members must then be walked to the last. False for a value
    /// of any other kind, which is passed over.
    /// </summary>
    public bool EnterObject()
    {
        _isAtName = false;
        return _json.BeginObject();
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
