namespace TokenHub.Load;

/// <summary>What the command line says.</summary>
internal sealed record LoadOptions
{
    public const string Help = """
        TokenHub's load tests. Each scenario starts what it needs and stops it again.

          list               names the scenarios
          all                runs every one
          NAME [NAME ...]    runs these

          --via A,B          targets: tokenhub, direct (the upstream itself), nginx (a plain proxy); default all three,
                             nginx only where it is on the PATH
          --step NAME        only this step of the scenarios
          --seconds N        measures for N seconds where time decides (streams must be long enough)
          --count N          measures N calls where their number decides
          --streams N        this many streams at once
          --help             prints this

        The exit code is 0 when no byte was lost, reordered or wrong, no call failed and the money adds up.
        """;

    public static readonly IReadOnlyList<string> Targets = ["direct", "nginx", "tokenhub"];

    public IReadOnlyList<string> Names { get; init; } = [];

    public IReadOnlyList<string> Via { get; init; } = Targets;

    public string? Step { get; init; }

    public int? Seconds { get; init; }

    public int? Count { get; init; }

    public int? Streams { get; init; }

    public static bool TryRead(string[] args, out LoadOptions options, out string text)
    {
        options = new LoadOptions();
        text = "";
        for (var i = 0; i < args.Length; i++)
        {
            if (!args[i].StartsWith('-'))
            {
                options = options with { Names = [.. options.Names, args[i]] };
                continue;
            }

            var name = args[i];
            var value = i + 1 < args.Length ? args[++i] : "";
            var number = int.TryParse(value, out var parsed) && parsed > 0 ? parsed : (int?)null;
            LoadOptions? read = name switch
            {
                "--via" when value.Split(',').All(Targets.Contains) => options with { Via = value.Split(',') },
                "--step" when value.Length > 0 => options with { Step = value },
                "--seconds" when number is not null => options with { Seconds = number },
                "--count" when number is not null => options with { Count = number },
                "--streams" when number is not null => options with { Streams = number },
                _ => null,
            };
            if (read is null)
            {
                text = $"load: {name} {value} is not understood; see --help";
                return false;
            }

            options = read;
        }

        return options.Names.Count > 0;
    }

    /// <summary>The step with what the command line says about it.</summary>
    public Scenarios.Step Apply(Scenarios.Step step) => step with
    {
        Seconds = Seconds ?? step.Seconds,
        Count = Count ?? step.Count,
        WarmUpCount = Count is null ? step.WarmUpCount : Math.Min(step.WarmUpCount, Count.Value),
        StreamCount = Streams ?? step.StreamCount,
    };
}
