using System.Text;

namespace TokenHub.Redis.Scripts;

/// <summary>
/// The scripts of this library. Each is a file <c>verb-numberOfKeys.lua</c>; a line <c>--@include name</c> stands for
/// a file of <c>Includes</c>.
/// </summary>
public static class LuaScripts
{
    private const string IncludeMark = "--@include ";

    // A script that frees memory, or that must not be lost, may run when memory is out. One that only takes may not.
    private const string MayRunOutOfMemory = "allow-oom";
    private const string OnlyReads = "no-writes";
    private const string None = "";

    public static LuaScript Reserve { get; } = Load("reserve", 8, None);

    public static LuaScript Extend { get; } = Load("extend", 6, MayRunOutOfMemory);

    public static LuaScript Settle { get; } = Load("settle", 9, MayRunOutOfMemory);

    public static LuaScript Release { get; } = Load("release", 5, MayRunOutOfMemory);

    public static LuaScript Ack { get; } = Load("ack", 7, MayRunOutOfMemory);

    public static LuaScript SetBalance { get; } = Load("setbal", 2, MayRunOutOfMemory);

    public static LuaScript Rehold { get; } = Load("rehold", 6, None);

    public static LuaScript Hydrate { get; } = Load("hydrate", 3, None);

    public static LuaScript Reap { get; } = Load("reap", 2, OnlyReads);

    public static LuaScript Outbox { get; } = Load("outbox", 3, OnlyReads);

    public static LuaScript Enter { get; } = Load("enter", 3, None);

    public static LuaScript Leave { get; } = Load("leave", 3, MayRunOutOfMemory);

    public static LuaScript Renew { get; } = Load("renew", 3, MayRunOutOfMemory);

    public static LuaScript Recount { get; } = Load("recount", 3, None);

    public static LuaScript Rate { get; } = Load("rate", 2, None);

    public static LuaScript Unrate { get; } = Load("unrate", 2, MayRunOutOfMemory);

    public static IReadOnlyList<LuaScript> All { get; } =
    [
        Reserve, Extend, Settle, Release, Ack, SetBalance, Rehold, Hydrate, Reap, Outbox, Enter, Leave, Renew, Recount,
        Rate, Unrate,
    ];

    /// <summary>
    /// Loads a script; <paramref name="replaceInclude"/> may put another text in the place of an include.
    /// </summary>
    internal static LuaScript Load(
        string name, int keyCount, string flags, Func<string, string?>? replaceInclude = null)
    {
        var text = new StringBuilder();
        foreach (var line in Resource($"{name}-{keyCount}").Split('\n'))
        {
            if (!line.StartsWith(IncludeMark, StringComparison.Ordinal))
            {
                text.Append(line).Append('\n');
                continue;
            }

            var include = line[IncludeMark.Length..];
            text.Append(replaceInclude?.Invoke(include) ?? Resource(include)).Append('\n');
        }

        return new LuaScript(name, keyCount, flags, text.ToString());
    }

    private static string Resource(string name)
    {
        using var stream = typeof(LuaScripts).Assembly.GetManifestResourceStream(name + ".lua")
            ?? throw new InvalidOperationException($"The script {name}.lua is not embedded.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
