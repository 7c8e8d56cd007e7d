using System.Text.Json.Serialization;

namespace TokenHub.ControlPlane.Access;

/// <summary>What a user may do at all. Which routes that is stands in <see cref="AccessTable"/>.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Role>))]
internal enum Role
{
    [JsonStringEnumMemberName("member")] Member = 1,
    [JsonStringEnumMemberName("auditor")] Auditor = 2,
    [JsonStringEnumMemberName("admin")] Admin = 3,
}

internal static class RoleNames
{
    public static string ToName(this Role role) => role switch
    {
        Role.Member => "member",
        Role.Auditor => "auditor",
        Role.Admin => "admin",
        _ => throw new ArgumentOutOfRangeException(nameof(role)),
    };

    public static Role Parse(string name) => name switch
    {
        "member" => Role.Member,
        "auditor" => Role.Auditor,
        "admin" => Role.Admin,
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };
}
