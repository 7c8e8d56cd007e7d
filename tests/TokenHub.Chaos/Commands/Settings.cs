using System.Globalization;

namespace TokenHub.Chaos.Commands;

/// <summary>The command line: a command, what it is about, and options of the form <c>--name value</c>.</summary>
internal sealed record Settings(string Command, string Subject, IReadOnlyDictionary<string, string> Options)
{
    public static readonly string[] Backends = ["redis", "cluster", "garnet"];

    public int Seed => Number("seed", 20261121);

    public string Backend => Options.GetValueOrDefault("backend", "redis");

    public bool IsLong => Options.GetValueOrDefault("profile", "short") == "long";

    public static Settings Parse(IReadOnlyList<string> arguments)
    {
        var plain = new List<string>();
        var options = new Dictionary<string, string>();
        for (var i = 0; i < arguments.Count; i++)
        {
            if (!arguments[i].StartsWith("--", StringComparison.Ordinal))
            {
                plain.Add(arguments[i]);
                continue;
            }

            options[arguments[i][2..]] = i + 1 < arguments.Count
                ? arguments[i + 1]
                : throw new ArgumentException($"{arguments[i]} needs a value.");
            i++;
        }

        var settings = new Settings(plain.ElementAtOrDefault(0) ?? "help", plain.ElementAtOrDefault(1) ?? "", options);
        return Backends.Contains(settings.Backend)
            ? settings
            : throw new ArgumentException($"--backend is one of {string.Join(", ", Backends)}.");
    }

    public int Number(string name, int fallback) => Options.TryGetValue(name, out var text)
        ? int.Parse(text, CultureInfo.InvariantCulture)
        : fallback;

    /// <summary>The command that plays the same again.</summary>
    public string Again(string subject, int seed) =>
        $"dotnet run -c Release --project tests/TokenHub.Chaos -- fault {subject} --backend {Backend} --seed {seed}"
        + (IsLong ? " --profile long" : "");
}
