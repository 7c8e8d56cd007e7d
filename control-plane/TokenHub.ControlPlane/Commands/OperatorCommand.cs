namespace TokenHub.ControlPlane.Commands;

/// <summary>One of the operator's commands: its words, what follows them, what it does.</summary>
internal sealed record OperatorCommand(
    IReadOnlyList<string> Words, string Arguments, string Meaning, Func<CommandRun, Task<int>> RunAsync)
{
    /// <summary>Every command, in the order in which they are shown.</summary>
    public static IReadOnlyList<OperatorCommand> All { get; } =
    [
        VerifyLedgerCommand.Command,
        RebuildRedisCommand.Command,
        WriteOffCommand.Command,
        RotateMasterCommand.Command,
    ];

    public string Usage => string.Join(' ', Words.Append(Arguments)).TrimEnd();

    public static OperatorCommand? Find(IReadOnlyList<string> args) =>
        All.FirstOrDefault(command => args.Take(command.Words.Count).SequenceEqual(command.Words));
}
