using System.Runtime.CompilerServices;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Json.Tokenizing;

namespace TokenHub.Protocols.Conversations;

/// <summary>
/// Gathers what is stable of a conversation while a tokenizer passes over it. Only texts count: a message is the same
/// whether it is one string or a list of blocks, and wherever its cache marks have moved to.
/// </summary>
internal ref struct ConversationSink(Dialect dialect, PointerTree wanted, Span<Range> values) : IJsonSink
{
    // Nodes: the conversation's own places, then those of the pointers from here on.
    private const int HeadNode = 2;
    private const int TurnsNode = 3;
    private const int RoleNode = 4;
    private const int ContentNode = 5;
    private const int PointerNode = 1_000;

    // Beyond this a text says nothing more about which conversation it is of.
    private const int TurnBytesMax = 256 << 10;
    private const int RoleBytesMax = 12;

    private readonly Span<Range> _values = values;
    private StableHash _head;
    private StableHash _first;
    private StableHash _turn;
    private RoleText _role;
    private int _roleBytes;
    private long _valueAt;
    private bool _isTextBegin;
    private bool _isSkipped;
    private bool _isOver;

    private enum TurnKind : byte
    {
        Other,
        System,
        User,
    }

    public readonly ConversationPrefix ToPrefix() => new(
        _head.Length > 0 ? _head.Finish() : 0, _first.Length > 0 ? _first.Finish() : 0);

    public int Enter(int parent, scoped ReadOnlySpan<byte> name, long at) => parent switch
    {
        JsonTokenizer.RootNode => EnterRoot(name),
        HeadNode => name.SequenceEqual("text"u8) || name.SequenceEqual("parts"u8) || name.SequenceEqual("content"u8)
            ? HeadNode : JsonTokenizer.Silent,
        TurnsNode => EnterTurn(name),
        ContentNode => IsContent(name) ? ContentNode : JsonTokenizer.Silent,
        >= PointerNode => EnterPointer(parent - PointerNode, name),
        _ => JsonTokenizer.Silent,
    };

    public void Begin(int node, JsonKind kind, long at)
    {
        (_valueAt, _isTextBegin, _isSkipped) = (at, true, false);
        if (node == TurnsNode && kind == JsonKind.Object)
        {
            (_turn, _roleBytes) = (default, 0);
        }
    }

    public void Text(int node, scoped ReadOnlySpan<byte> part)
    {
        switch (node)
        {
            case RoleNode:
                TakeRole(part);
                break;
            case HeadNode:
                TakeText(ref _head, part);
                break;
            case ContentNode:
                TakeText(ref _turn, part);
                break;
            case TurnsNode when !_isOver:
                // Responses takes a whole turn as one string.
                TakeText(ref _first, part);
                break;
        }
    }

    public void End(int node, JsonKind kind, long at)
    {
        if (kind == JsonKind.String)
        {
            EndString(node, at);
        }
        else if (node == TurnsNode && kind == JsonKind.Object)
        {
            EndTurn();
        }
    }

    public readonly void Scalar(int node, JsonKind kind, scoped ReadOnlySpan<byte> text, long at)
    {
        if (kind == JsonKind.Number)
        {
            Keep(node, at, at + text.Length);
        }
    }

    private static bool IsContent(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("text"u8) || name.SequenceEqual("content"u8) || name.SequenceEqual("source"u8)
        || name.SequenceEqual("data"u8) || name.SequenceEqual("url"u8) || name.SequenceEqual("image_url"u8)
        || name.SequenceEqual("file_id"u8) || name.SequenceEqual("file_url"u8) || name.SequenceEqual("file_data"u8)
        || name.SequenceEqual("file"u8) || name.SequenceEqual("input_audio"u8)
        || name.SequenceEqual("inlineData"u8) || name.SequenceEqual("inline_data"u8)
        || name.SequenceEqual("fileData"u8) || name.SequenceEqual("fileUri"u8) || name.SequenceEqual("file_uri"u8);

    private readonly int EnterRoot(scoped ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("system"u8) || name.SequenceEqual("instructions"u8)
            || name.SequenceEqual("systemInstruction"u8) || name.SequenceEqual("system_instruction"u8))
        {
            return HeadNode;
        }

        return name.SequenceEqual("messages"u8) || name.SequenceEqual("input"u8) || name.SequenceEqual("contents"u8)
            ? TurnsNode : EnterPointer(0, name);
    }

    private readonly int EnterTurn(scoped ReadOnlySpan<byte> name)
    {
        if (_isOver)
        {
            return JsonTokenizer.Silent;
        }

        return name.SequenceEqual("role"u8) ? RoleNode
            : name.SequenceEqual("content"u8) || name.SequenceEqual("parts"u8) ? ContentNode
            : JsonTokenizer.Silent;
    }

    private readonly int EnterPointer(int parent, scoped ReadOnlySpan<byte> name)
    {
        var node = wanted.Child(parent, name);
        return node == JsonTokenizer.Silent ? JsonTokenizer.Silent : PointerNode + node;
    }

    private void TakeRole(scoped ReadOnlySpan<byte> part)
    {
        Span<byte> role = _role;
        var room = Math.Min(part.Length, RoleBytesMax - _roleBytes);
        part[..room].CopyTo(role[_roleBytes..]);
        _roleBytes += room;
    }

    // Claude Code's first block of system text differs with each prompt: it tells who pays.
    private void TakeText(ref StableHash hash, scoped ReadOnlySpan<byte> part)
    {
        if (_isTextBegin)
        {
            _isTextBegin = false;
            _isSkipped = part.StartsWith("x-anthropic-billing-header"u8);
        }

        if (!_isSkipped && hash.Length < TurnBytesMax)
        {
            hash.Add(part);
        }
    }

    private void EndString(int node, long at)
    {
        if (node >= PointerNode)
        {
            Keep(node, _valueAt, at);
        }
        else if (!_isSkipped && node is HeadNode or ContentNode || (node == TurnsNode && !_isOver))
        {
            ref var hash = ref node == HeadNode ? ref _head : ref node == ContentNode ? ref _turn : ref _first;
            hash.EndText();
        }
    }

    private void EndTurn()
    {
        var kind = KindOfTurn();
        if (_isOver || kind == TurnKind.System)
        {
            // Clients put further words of the system after the last turn: only those before the first are stable.
            if (!_isOver && _first.Length == 0 && _turn.Length > 0)
            {
                _head.Add(_turn.Finish());
            }
        }
        else if (kind == TurnKind.User)
        {
            if (_turn.Length > 0)
            {
                _first.Add(_turn.Finish());
            }
        }
        else
        {
            // An answer, a call, a thought: what came before is what the conversation began with.
            _isOver = _first.Length > 0;
        }
    }

    private readonly TurnKind KindOfTurn()
    {
        ReadOnlySpan<byte> role = _role;
        role = role[.._roleBytes];
        return role.SequenceEqual("user"u8) || (role.IsEmpty && dialect == Dialect.Gemini) ? TurnKind.User
            : role.SequenceEqual("system"u8) || role.SequenceEqual("developer"u8) ? TurnKind.System
            : TurnKind.Other;
    }

    private readonly void Keep(int node, long from, long to)
    {
        var value = node >= PointerNode ? wanted.ValueOf(node - PointerNode) : -1;
        if (value >= 0 && value < _values.Length && _values[value].End.Value == 0)
        {
            _values[value] = new Range((int)from, (int)to);
        }
    }

    [InlineArray(RoleBytesMax)]
    private struct RoleText
    {
        private byte _first;
    }
}
