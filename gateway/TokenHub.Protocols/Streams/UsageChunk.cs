using TokenHub.Protocols.Json.Tokenizing;

namespace TokenHub.Protocols.Streams;

/// <summary>What one event of a Chat stream owes to the question for usage.</summary>
internal readonly record struct UsageChunk(bool IsUsageOnly, int RemovedFrom, int RemovedTo)
{
    /// <summary>Reads a whole event, its lines and blank line included.</summary>
    public static UsageChunk Read(ReadOnlySpan<byte> block)
    {
        var sink = new Sink { Usage = JsonKind.Array };
        var json = new JsonTokenizer();
        json.Reset();
        var (dataAt, lines) = (0, 0);
        var rest = block;
        while (!rest.IsEmpty)
        {
            var end = rest.IndexOfAny((byte)'\n', (byte)'\r');
            var line = end < 0 ? rest : rest[..end];
            var at = block.Length - rest.Length;
            rest = end < 0 ? default : rest[(end + 1)..];
            if (DataStart(line) is var start && start < 0)
            {
                continue;
            }

            dataAt = at + start;
            lines++;
            json.Feed(line[start..], ref sink);
        }

        if (!json.IsDone)
        {
            return default;
        }

        if (sink.HasNoChoices && sink.Usage == JsonKind.Object && !sink.HasError)
        {
            return new UsageChunk(true, 0, 0);
        }

        // A document over several data lines has no offsets of its own in the block.
        return sink.Usage == JsonKind.Null && lines == 1
            ? Member(block, dataAt + (int)sink.NameAt, dataAt + (int)sink.ValueEnd) : default;
    }

    private static int DataStart(ReadOnlySpan<byte> line)
    {
        var mark = line.StartsWith("\uFEFF"u8) ? 3 : 0;
        if (!line[mark..].StartsWith("data:"u8))
        {
            return -1;
        }

        var start = mark + "data:".Length;
        return start < line.Length && line[start] == ' ' ? start + 1 : start;
    }

    // The member with the comma that it does not share: the one before it, or for the first member the one after.
    private static UsageChunk Member(ReadOnlySpan<byte> block, int from, int to)
    {
        var before = block[..from].TrimEnd(" \t"u8).Length;
        if (block[before - 1] == ',')
        {
            return new UsageChunk(false, before - 1, to);
        }

        var after = to + block[to..].IndexOfAnyExcept((byte)' ', (byte)'\t');
        if (block[after] != ',')
        {
            return new UsageChunk(false, from, to);
        }

        return new UsageChunk(false, from, after + 1 + block[(after + 1)..].IndexOfAnyExcept((byte)' ', (byte)'\t'));
    }

    private struct Sink : IJsonSink
    {
        private const int ChoicesNode = 2;
        private const int UsageNode = 3;
        private const int ErrorNode = 4;

        private long _choicesAt;

        public bool HasNoChoices { get; private set; }

        public bool HasError { get; private set; }

        /// <summary>The kind of the usage member; an array stands for none.</summary>
        public JsonKind Usage { get; set; }

        public long NameAt { get; private set; }

        public long ValueEnd { get; private set; }

        public int Enter(int parent, scoped ReadOnlySpan<byte> name, long at)
        {
            if (parent != JsonTokenizer.RootNode)
            {
                return JsonTokenizer.Silent;
            }

            if (name.SequenceEqual("usage"u8))
            {
                NameAt = at;
                return UsageNode;
            }

            return name.SequenceEqual("choices"u8) ? ChoicesNode
                : name.SequenceEqual("error"u8) ? ErrorNode : JsonTokenizer.Silent;
        }

        public void Begin(int node, JsonKind kind, long at)
        {
            HasError |= node == ErrorNode;
            Usage = node == UsageNode ? kind : Usage;
            if (node == ChoicesNode)
            {
                HasNoChoices = kind == JsonKind.Array && _choicesAt == 0;
                _choicesAt = at;
            }
        }

        public readonly void Text(int node, scoped ReadOnlySpan<byte> part)
        {
        }

        public readonly void End(int node, JsonKind kind, long at)
        {
        }

        public void Scalar(int node, JsonKind kind, scoped ReadOnlySpan<byte> text, long at)
        {
            HasNoChoices &= node != ChoicesNode;
            HasError |= node == ErrorNode && kind is not (JsonKind.Null or JsonKind.False);
            if (node == UsageNode)
            {
                Usage = kind;
                ValueEnd = at + text.Length;
            }
        }
    }
}
