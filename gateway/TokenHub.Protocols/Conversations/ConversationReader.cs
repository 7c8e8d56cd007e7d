using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Json;
using TokenHub.Protocols.Json.Tokenizing;

namespace TokenHub.Protocols.Conversations;

/// <summary>
/// What stays the same in the prompts of one conversation, as hashes: the system's text, and the first turn of the user
/// up to the first answer. It changes exactly when an upstream's prompt cache is lost, too.
/// </summary>
/// <param name="Head">Of system, developer and instruction texts; 0 without any.</param>
/// <param name="FirstTurn">Of the user's first turn; 0 without any.</param>
public readonly record struct ConversationPrefix(UInt128 Head, UInt128 FirstTurn)
{
    public bool IsFound => FirstTurn != 0;
}

/// <summary>Reads from a body, in one pass and without copying it, what tells one conversation from another.</summary>
public static class ConversationReader
{
    /// <summary>
    /// Reads a body that <see cref="RequestScanner"/> has let through. What cannot be read has no value and no prefix.
    /// </summary>
    /// <param name="values">
    /// Where each value of <paramref name="wanted"/> stands in the body: a JSON string with its quotes, or a number;
    /// the default range for one that is not there.
    /// </param>
    public static ConversationPrefix Read(
        Dialect dialect, ReadOnlySpan<byte> body, PointerTree wanted, Span<Range> values)
    {
        values.Clear();
        var sink = new ConversationSink(dialect, wanted, values);
        var json = new JsonTokenizer();
        json.Reset(RequestScanner.DepthMax);
        json.Feed(body, ref sink);
        return json.IsDone ? sink.ToPrefix() : default;
    }
}
