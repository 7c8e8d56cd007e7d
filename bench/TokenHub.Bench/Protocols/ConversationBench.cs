using BenchmarkDotNet.Attributes;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Conversations;

namespace TokenHub.Bench.Protocols;

/// <summary>
/// What tells one conversation from another, read from a first question and from a long conversation.
/// </summary>
public class ConversationBench
{
    private readonly byte[] _short = Samples.ChatRequest(turns: 1);
    private readonly byte[] _long = Samples.ChatRequest(turns: 60);
    private readonly PointerTree _wanted = new();
    private readonly Range[] _values = new Range[2];

    public ConversationBench()
    {
        _wanted.Add(["metadata", "user_id"]);
        _wanted.Add(["prompt_cache_key"]);
    }

    [Benchmark]
    public ConversationPrefix ReadShort() => ConversationReader.Read(Dialect.Chat, _short, _wanted, _values);

    [Benchmark]
    public ConversationPrefix ReadLong() => ConversationReader.Read(Dialect.Chat, _long, _wanted, _values);
}
