using System.Buffers;

namespace TokenHub.Protocols.Codecs;

/// <summary>
/// What is said where the money ends: no dialect has a word of its own for an empty balance, so the reason stands in a
/// member that no client expects and every client may read.
/// </summary>
internal static class FundsNote
{
    public static ReadOnlySpan<byte> Sentence => "The balance is used up: the answer ends here."u8;

    /// <summary>The member with its name, behind a comma.</summary>
    public static ReadOnlySpan<byte> Member =>
        ",\"tokenhub\":{\"reason\":\"insufficient_funds\","u8
        + "\"message\":\"The balance is used up: the answer ends here.\"}"u8;

    /// <summary>Writes <see cref="Member"/>.</summary>
    public static void WriteMember(IBufferWriter<byte> output) => output.Write(Member);
}
