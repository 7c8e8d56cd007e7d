using System.Text;

namespace TokenHub.Protocols.Json.Tokenizing;

/// <summary>
/// The places of a document that matter, as a tree of member names. Arrays are transparent: <c>choices.delta</c> is the
/// delta of every choice. Built once, then only read.
/// </summary>
/// <remarks>
/// A path ending in <c>.**</c> makes everything below its place one node. Names that stand in no path lead to silence.
/// </remarks>
internal sealed class JsonShape<TField>
    where TField : struct, Enum
{
    private readonly List<Place> _places = [default, new Place { Children = [] }];

    public JsonShape(TField root, params ReadOnlySpan<(string Path, TField Field)> paths)
    {
        _places[JsonTokenizer.RootNode] = new Place { Field = root, Children = [] };
        foreach (var (path, field) in paths)
        {
            Add(path, field);
        }

        Fields = [.. _places.Select(place => place.Field)];
    }

    /// <summary>The field of each node.</summary>
    public TField[] Fields { get; }

    public int Child(int parent, ReadOnlySpan<byte> name)
    {
        var place = _places[parent];
        if (place.IsOpen)
        {
            return parent;
        }

        foreach (var (childName, node) in place.Children)
        {
            if (name.SequenceEqual(childName))
            {
                return node;
            }
        }

        return JsonTokenizer.Silent;
    }

    private void Add(string path, TField field)
    {
        var node = JsonTokenizer.RootNode;
        foreach (var name in path.Split('.'))
        {
            if (name == "**")
            {
                _places[node] = _places[node] with { IsOpen = true };
                break;
            }

            var utf8 = Encoding.UTF8.GetBytes(name);
            var child = Child(node, utf8);
            if (child == JsonTokenizer.Silent)
            {
                child = _places.Count;
                _places.Add(new Place { Children = [] });
                _places[node].Children.Add((utf8, child));
            }

            node = child;
        }

        _places[node] = _places[node] with { Field = field };
    }

    private readonly record struct Place
    {
        public TField Field { get; init; }
        public List<(byte[] Name, int Node)> Children { get; init; }
        public bool IsOpen { get; init; }
    }
}
