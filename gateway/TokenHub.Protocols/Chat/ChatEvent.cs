namespace TokenHub.Protocols.Chat;

/// <summary>What an event of an answer brings.</summary>
public enum ChatEventKind : byte
{
    /// <summary>
    /// The answer begins: <c>Id</c> and <c>Name</c> are the upstream's id and model. Once, before all others.
    /// </summary>
    Start,

    /// <summary>Visible text.</summary>
    Text,

    /// <summary>Text by which the model refuses.</summary>
    Refusal,

    /// <summary>Text of a thought.</summary>
    Reasoning,

    /// <summary>The thought under way is whole; the next <see cref="Reasoning"/> begins another.</summary>
    ReasoningEnd,

    /// <summary>
    /// The issuer's own form of something: <c>Opaque</c> says of what, <c>Text</c> is it, <c>Id</c> its id. That of a
    /// thought comes between its text and its <see cref="ReasoningEnd"/>, which follows even where there is no text.
    /// That of a call comes before the call, with the <c>Call</c> and as <c>Id</c> the call's id; that of a text before
    /// the text, or behind all of it. Both come before the <see cref="ReasoningEnd"/> of a thought that is under way.
    /// </summary>
    Opaque,

    /// <summary>A call begins: <c>Call</c>, <c>Id</c>, <c>Name</c>.</summary>
    Call,

    /// <summary>More of the arguments' JSON text of <c>Call</c>. None at all stands for no arguments.</summary>
    Arguments,

    /// <summary>The call is whole.</summary>
    CallEnd,

    /// <summary>A picture: <c>Name</c> is its type, <c>Text</c> base64.</summary>
    Image,

    /// <summary>
    /// A source: <c>Id</c> is its address, <c>Name</c> its title, <c>From</c> and <c>To</c> what it is the source of.
    /// </summary>
    Citation,

    /// <summary>Why it ended: <c>Stop</c>; <c>Text</c> is the stop sequence, or what is told of a refusal.</summary>
    Stop,
}

/// <summary>
/// One event of an answer on its way from one dialect to another. Its texts are the insides of JSON strings, escaped as
/// they came: they are copied from document to document and never decoded. They live as long as the call they are
/// given to.
/// </summary>
public readonly ref struct ChatEvent(ChatEventKind kind)
{
    public ChatEventKind Kind { get; } = kind;

    /// <summary>Which of several answers to the request; 0 for the first.</summary>
    public int Choice { get; init; }

    /// <summary>The number of the call within the answer, from 0 on.</summary>
    public int Call { get; init; }

    public ReadOnlySpan<byte> Text { get; init; }

    public ReadOnlySpan<byte> Id { get; init; }

    public ReadOnlySpan<byte> Name { get; init; }

    public OpaqueKind Opaque { get; init; }

    /// <summary>
    /// Of a text, which may then be empty: how likely its tokens were, as the elements of Chat's list with commas
    /// between. Only where the client asked.
    /// </summary>
    public ReadOnlySpan<byte> Chances { get; init; }

    /// <summary>Of a source: the characters of the text, from the first to behind the last; both 0 for none.</summary>
    public int From { get; init; }

    public int To { get; init; }

    public StopReason Stop { get; init; }
}

/// <summary>Receives the events of an answer in order.</summary>
public interface IChatSink
{
    public void Take(in ChatEvent e);
}
