using System.Reflection;
using System.Text.RegularExpressions;
using Npgsql;
using TokenHub.ControlPlane.Tests.Support;

namespace TokenHub.ControlPlane.Tests.Hosting;

/// <summary>Lets PostgreSQL parse every statement of the control plane against the migrated schema.</summary>
public sealed partial class SqlTests(Servers servers)
{
    public static TheoryData<string> Statements => [.. Constants().Select(Name)];

    [Theory]
    [MemberData(nameof(Statements))]
    public async Task Statement_fits_the_schema(string name)
    {
        var field = Constants().Single(f => Name(f) == name);
        var sql = (string)field.GetRawConstantValue()!;
        var names = new List<string>();
        var numbered = Parameter().Replace(sql, match =>
        {
            var at = names.IndexOf(match.Value.ToLowerInvariant());
            if (at < 0)
            {
                at = names.Count;
                names.Add(match.Value.ToLowerInvariant());
            }

            return $"${at + 1}";
        });

        await using var connection = await servers.Shared.ConnectAsync();
        await using var command = new NpgsqlCommand($"prepare p as {numbered}", connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        await using var drop = new NpgsqlCommand("deallocate p", connection);
        await drop.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void There_are_statements_to_try() => Assert.InRange(Statements.Count, 60, 500);

    private static IEnumerable<FieldInfo> Constants() => typeof(ControlPlaneHost).Assembly.GetTypes()
        .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public))
        .Where(field => field.IsLiteral && field.FieldType == typeof(string)
            && field.Name.EndsWith("Sql", StringComparison.Ordinal));

    private static string Name(FieldInfo field) => $"{field.DeclaringType!.Name}.{field.Name}";

    [GeneratedRegex("(?<![:@\\w])@\\w+")]
    private static partial Regex Parameter();
}
