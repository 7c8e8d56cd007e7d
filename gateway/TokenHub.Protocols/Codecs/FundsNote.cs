using System.Buffers;

namespace TokenHub.Protocols.Codecs;

/// <summary>
/// What is said where the money ends: no dialect has a word of its own for an empty balance, so the reason stands in a
/// member that no client expects and every client may read.
/// </summary>
internal static class FundsNote
{
    public static ReadOnlySpan<byte> Sentence => "The balance is used up: the answer ends here."u8;

    /// <summary>Writes <c>,"tokenhub":{...}</c>.</summary>
    public static void WriteMember(IBufferWriter<byte> output)
    {
        output.Write(",\"tokenhub\":{\"reason\":\"insufficient_funds\",\"message\":\""u8);
        output.Write(Sentence);
        output.Write("\"}"u8);
    }
}
