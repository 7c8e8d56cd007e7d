namespace TokenHub.Protocols.Chat;

/// <summary>Who speaks.</summary>
public enum ChatRole : byte
{
    System,
    Developer,
    User,
    Assistant,
}

/// <summary>
/// One turn of a conversation. Results of calls stand in user turns, all results of one assistant turn in the one that
/// follows it and before its other parts.
/// </summary>
public sealed class ChatTurn(ChatRole role)
{
    public ChatRole Role { get; } = role;

    public List<ChatPart> Parts { get; } = [];

    /// <summary>The speaker's name, where Chat gives one.</summary>
    public string? Name { get; set; }

    /// <summary>True for roles that instruct rather than converse.</summary>
    public bool IsInstruction => Role is ChatRole.System or ChatRole.Developer;
}
