using System.Text;
using TokenHub.Protocols.Json.Tokenizing;

namespace TokenHub.Protocols.Conversations;

/// <summary>
/// Members of a body whose values are wanted, as a tree of names; built once, then only read. Of the objects in an
/// array the first that has the member counts.
/// </summary>
public sealed class PointerTree
{
    /// <summary>Most values that can be wanted of one body.</summary>
    public const int ValuesMax = 32;

    private readonly List<Node> _nodes = [new Node()];

    /// <summary>Values wanted so far; each has the number that <see cref="Add"/> gave.</summary>
    public int Count { get; private set; }

    /// <summary>The number under which the value is found; -1 when there are too many already.</summary>
    public int Add(IReadOnlyList<string> steps)
    {
        var at = 0;
        foreach (var step in steps)
        {
            var name = Encoding.UTF8.GetBytes(step);
            if (Child(at, name) is not (> 0 and var next))
            {
                next = _nodes.Count;
                _nodes.Add(new Node());
                _nodes[at].Children.Add((name, next));
            }

            at = next;
        }

        if (_nodes[at].Value < 0)
        {
            if (Count == ValuesMax)
            {
                return -1;
            }

            _nodes[at].Value = Count++;
        }

        return _nodes[at].Value;
    }

    /// <summary>The node of a member; 0 when nothing in it is wanted.</summary>
    internal int Child(int parent, ReadOnlySpan<byte> name)
    {
        foreach (var (childName, node) in _nodes[parent].Children)
        {
            if (name.SequenceEqual(childName))
            {
                return node;
            }
        }

        return JsonTokenizer.Silent;
    }

    internal int ValueOf(int node) => _nodes[node].Value;

    private sealed class Node
    {
        public List<(byte[] Name, int Node)> Children { get; } = [];

        public int Value { get; set; } = -1;
    }
}
