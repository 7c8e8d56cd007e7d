namespace TokenHub.Protocols.Codecs;

/// <summary>Why an answer ends where the money ends: a member that no client expects and every client may read.</summary>
internal static class FundsNote
{
    /// <summary>The member with its name, behind a comma.</summary>
    public static ReadOnlySpan<byte> Member =>
        ",\"tokenhub\":{\"reason\":\"insufficient_funds\","u8
        + "\"message\":\"The balance is used up: the answer ends here.\"}"u8;
}
