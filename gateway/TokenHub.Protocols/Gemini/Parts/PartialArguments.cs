using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Gemini.Parts;

/// <summary>
/// Puts the arguments of a call together from pieces, each with the place it belongs to: <c>$.a.b[0]</c> (Vertex, and
/// there only where the caller asked for it).
/// </summary>
internal sealed class PartialArguments
{
    private const int PlaceStepsMax = 64;

    // Places come in order, so that none is far beyond those before it.
    private const int ItemsAheadMax = 8;

    private Node? _root;

    public void Reset() => _root = null;

    /// <param name="pieces">Stands before the array.</param>
    public void Take(Utf8JsonReader pieces)
    {
        _root ??= new Node();
        if (!pieces.BeginArray())
        {
            return;
        }

        while (pieces.NextObject())
        {
            TakePiece(ref pieces);
        }
    }

    /// <summary>Writes the object so far as the inside of a JSON string; nothing when there is none.</summary>
    public void WriteEscaped(IBufferWriter<byte> output)
    {
        if (_root is null)
        {
            return;
        }

        var json = new ArrayBufferWriter<byte>();
        _root.Write(json, isRoot: true);
        JsonText.WriteEscaped(output, json.WrittenSpan);
    }

    private void TakePiece(scoped ref Utf8JsonReader reader)
    {
        string? place = null;
        ReadOnlySpan<byte> text = default, other = default;
        while (reader.NextMember())
        {
            if (reader.NameIs("jsonPath"u8))
            {
                place = JsonText.Unescape(reader.ReadText());
            }
            else if (reader.NameIs("stringValue"u8))
            {
                text = reader.ReadText();
                other = default;
            }
            else if (reader.NameIs("nullValue"u8))
            {
                reader.SkipMember();
                other = "null"u8;
            }
            else if (reader.NameIs("numberValue"u8) || reader.NameIs("boolValue"u8))
            {
                reader.Read();
                other = reader.ValueSpan;
            }
            else
            {
                reader.SkipMember();
            }
        }

        if (place is not null && Find(place) is { } node)
        {
            node.Add(text, other);
        }
    }

    private Node? Find(string place)
    {
        var node = _root;
        var rest = place.AsSpan(place.StartsWith('$') ? 1 : 0);
        for (var steps = 0; !rest.IsEmpty && node is not null; steps++)
        {
            if (steps == PlaceStepsMax)
            {
                return null;
            }

            node = rest[0] == '[' ? StepIntoBrackets(node, ref rest) : StepIntoName(node, ref rest);
        }

        return node;
    }

    private static Node? StepIntoBrackets(Node node, ref ReadOnlySpan<char> rest)
    {
        var isQuoted = rest.Length > 1 && rest[1] is '\'' or '"';
        var end = isQuoted ? rest[2..].IndexOf(rest[1]) + 3 : rest.IndexOf(']');
        if (end < (isQuoted ? 3 : 2) || end >= rest.Length)
        {
            return null;
        }

        var inside = rest[1..end];
        rest = rest[(end + 1)..];
        return isQuoted ? node.Member(inside[1..^1].ToString())
            : int.TryParse(inside, out var number) ? node.Item(number) : null;
    }

    private static Node StepIntoName(Node node, ref ReadOnlySpan<char> rest)
    {
        rest = rest[0] == '.' ? rest[1..] : rest;
        var end = rest.IndexOfAny('.', '[');
        var name = (end < 0 ? rest : rest[..end]).ToString();
        rest = end < 0 ? default : rest[end..];
        return node.Member(name);
    }

    private sealed class Node
    {
        private List<(string Name, Node Value)>? _members;
        private List<Node>? _items;
        private StringBuilder? _text;
        private string _other = "null";

        public Node Member(string name)
        {
            _members ??= [];
            foreach (var member in _members)
            {
                if (member.Name == name)
                {
                    return member.Value;
                }
            }

            _members.Add((name, new Node()));
            return _members[^1].Value;
        }

        public Node? Item(int number)
        {
            _items ??= [];
            if (number < 0 || number > _items.Count + ItemsAheadMax)
            {
                return null;
            }

            while (_items.Count <= number)
            {
                _items.Add(new Node());
            }

            return _items[number];
        }

        public void Add(ReadOnlySpan<byte> text, ReadOnlySpan<byte> other)
        {
            if (other.IsEmpty)
            {
                (_text ??= new StringBuilder()).Append(Encoding.UTF8.GetString(text));
                return;
            }

            _other = Encoding.UTF8.GetString(other);
        }

        public void Write(IBufferWriter<byte> json, bool isRoot)
        {
            if (_members is not null || isRoot)
            {
                WriteMembers(json);
            }
            else if (_items is not null)
            {
                json.Write("["u8);
                for (var i = 0; i < _items.Count; i++)
                {
                    json.Write(i > 0 ? ","u8 : default);
                    _items[i].Write(json, isRoot: false);
                }

                json.Write("]"u8);
            }
            else
            {
                // The text is the inside of a JSON string already.
                json.Write(Encoding.UTF8.GetBytes(_text is null ? _other : $"\"{_text}\""));
            }
        }

        private void WriteMembers(IBufferWriter<byte> json)
        {
            json.Write("{"u8);
            for (var i = 0; i < (_members?.Count ?? 0); i++)
            {
                json.Write(i > 0 ? ","u8 : default);
                JsonText.Write(json, _members![i].Name);
                json.Write(":"u8);
                _members[i].Value.Write(json, isRoot: false);
            }

            json.Write("}"u8);
        }
    }
}
